"""A text stream that outlives its reader: what a full disk or a closed pipe does not take is dropped."""

from contextlib import suppress
from typing import Any, TextIO


class LossyStream:
    """Passes text to a stream; one that refuses it stops nobody. `lost` counts the flushes that failed.

    A stream that refuses nothing although its reader is gone says so by `is_unread`.
    """

    def __init__(self, stream: TextIO) -> None:
        self.lost = 0
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text; what is refused now may still be taken by the next flush."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        try:
            self._stream.flush()
        except OSError:
            self.lost += 1
        else:
            self.lost += getattr(self._stream, "is_unread", False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
