"""The frame fast path: whole messages cut straight out of what a read brought (RFC 6455, section 5.2). Pure.

Nearly all of a busy stream is small unfragmented frames. Cutting those out here costs an eighth of what a complete
parser needs, which still gets everything else: control frames, fragments, masked, compressed and large ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct

_TEXT, _BINARY = 0x81, 0x82
_SHORT, _MEDIUM, _LONG = 125, 126, 127
_MASKED = 0x80
_HEADER = Struct(">BBH")  # the longest header of a small frame
_EXTENSIONS = {_MEDIUM: 2, _LONG: 8}
MESSAGES_PER_TURN, OTHERS_PER_TURN = 4096, 128


def split_frames(data: bytes, at: int, messages: list[bytes], most: int = MESSAGES_PER_TURN) -> int:
    """Append the whole small messages that begin at `at`, and return where the first other thing begins.

    Stops once `messages` holds `most`.
    """
    end = len(data)
    for _ in range(most - len(messages)):
        if end - at < _HEADER.size:
            break
        kind, size, extended = _HEADER.unpack_from(data, at)
        start = at + 2
        if size == _MEDIUM:
            size, start = extended, at + 4
        elif size > _SHORT:
            break
        if start + size > end or kind not in (_TEXT, _BINARY):
            break
        messages.append(data[start : start + size])
        at = start + size
    return at


def frame_length(data: bytes, at: int) -> int | None:
    """Return the length of the frame that begins at `at`, header included; None where its header is not all there."""
    if len(data) - at < 2:  # noqa: PLR2004
        return None
    size = data[at + 1] & ~_MASKED
    mask = 4 if data[at + 1] & _MASKED else 0
    more = _EXTENSIONS.get(size, 0)
    if len(data) - at < 2 + more:
        return None
    if more:
        size = int.from_bytes(data[at + 2 : at + 2 + more], "big")
    return 2 + more + mask + size


@dataclass(slots=True)
class FrameSplitter:
    """Divides what is read between the fast path and the parser, frame by frame and in order.

    `parse` takes bytes of frames that are not for the fast path; it always gets to see them whole, if in pieces.
    """

    parse: Callable[[bytes], None]
    messages: list[bytes] = field(default_factory=list)
    _owed: int = 0
    _carry: bytes = b""

    def take(self, data: bytes) -> bytes:
        """Take what a read brought; whole messages are appended to `messages`.

        Returns what is left where a read holds more frames than should be dealt with at once; pass it in again.
        """
        at = min(self._owed, len(data))
        if at:
            self._owed -= at
            self.parse(data[:at])
        elif self._carry:
            data, self._carry = self._carry + data, b""
        others = 0
        while at < len(data):
            at = split_frames(data, at, self.messages)
            if len(self.messages) >= MESSAGES_PER_TURN or others >= OTHERS_PER_TURN:
                return data[at:]
            at += self._other(data, at)
            others += 1
        return b""

    def _other(self, data: bytes, at: int) -> int:
        """Deal with what is no whole small message; return how many bytes of it there are."""
        rest = len(data) - at
        size = frame_length(data, at)
        if size is None or (rest < size and data[at] in (_TEXT, _BINARY) and data[at + 1] <= _MEDIUM):
            self._carry = data[at:]
            return rest
        self._owed = max(0, size - rest)
        if rest:
            self.parse(data[at : at + size])
        return min(size, rest)
