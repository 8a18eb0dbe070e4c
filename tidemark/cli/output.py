"""The output of a command, of which a reader such as `head` may have seen enough before its end.

What is written after that is dropped and the command goes on: no reader decides whether hours are loaded or an export
is whole.
"""

import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Unread(FileIO):
    """A file for writing that takes everything once its reader is gone."""

    is_unread = False

    def write(self, data: "ReadableBuffer") -> int:
        """Write what the file takes."""
        try:
            return super().write(data)
        except BrokenPipeError:
            self.is_unread = True
            return memoryview(data).nbytes


class _Patient(TextIOWrapper):
    @property
    def is_unread(self) -> bool:
        """Whether what is written goes nowhere any more."""
        raw = getattr(self.buffer, "raw", None)
        return isinstance(raw, _Unread) and raw.is_unread


def patient(stream: TextIO) -> TextIO:
    """Return a stream to the same file that ends no command when its reader goes, and prints any text."""
    if not isinstance(stream, TextIOWrapper):
        return stream
    stream.reconfigure(errors="backslashreplace")
    if not isinstance(getattr(stream.buffer, "raw", stream.buffer), FileIO):
        return stream
    stream.flush()
    return _Patient(
        BufferedWriter(_Unread(stream.fileno(), "wb", closefd=False)), encoding=stream.encoding,
        errors="backslashreplace", line_buffering=stream.line_buffering, write_through=stream.write_through,
    )  # fmt: skip


def is_read() -> bool:
    """Say whether somebody may still read the output; a command that only prints may end otherwise."""
    return not (isinstance(sys.stdout, _Patient) and sys.stdout.is_unread)
