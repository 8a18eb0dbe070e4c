"""The frames that wait to be written to a socket, and how fast they may be written. Pure."""

from collections import deque
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from tidemark.simulator.message import Message


class Opcode(IntEnum):
    """The first byte of a websocket frame that is whole."""

    TEXT = 0x81
    BINARY = 0x82
    CLOSE = 0x88
    PING = 0x89


class QueuedFrame(NamedTuple):
    """A frame that waits since `at`; `message` is None for an answer of the protocol."""

    frame: bytes
    message: Message | None = None
    topic: str | None = None
    at: str = ""
    opcode: Opcode = Opcode.TEXT


class SendQueue:
    """The frames that wait, in order, and those that are held back to be sent in the reverse order."""

    def __init__(self) -> None:
        self._waiting: deque[QueuedFrame] = deque()
        self._held: list[Iterable[QueuedFrame]] = []
        self._to_hold = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def holding(self) -> bool:
        """Tell whether messages are being held back."""
        return self._to_hold > 0

    def hold(self, messages: int) -> None:
        """Hold back this many messages from now on, then release them in the reverse order."""
        self._to_hold = messages

    def add(self, message: Iterable[QueuedFrame]) -> None:
        """Add the frames of a message."""
        if not self._to_hold:
            self._waiting.extend(message)
            return
        self._held.append(message)
        self._to_hold -= 1
        while self._held and not self._to_hold:
            self._waiting.extend(self._held.pop())

    def answer(self, frames: Iterable[bytes]) -> None:
        """Add answers of the protocol; they are never held back."""
        self._waiting.extend(map(QueuedFrame, frames))

    def clear(self) -> list[QueuedFrame]:
        """Remove and return everything, also what is held back."""
        held = [queued for message in self._held for queued in message]
        everything = [*self._waiting, *held]
        self._waiting.clear()
        self._held.clear()
        return everything

    def take(self, room: float) -> list[QueuedFrame]:
        """Remove and return frames until their bytes fill `room`; the last one may exceed it."""
        taken: list[QueuedFrame] = []
        while self._waiting and room > 0:
            taken.append(self._waiting.popleft())
            room -= len(taken[-1].frame)
        return taken


class Throttle:
    """Allows a number of bytes a second, and at most those of one second at a time."""

    def __init__(self, bytes_per_second: float, now: float) -> None:
        self._bytes_per_second = bytes_per_second
        self._allowance = 0.0
        self._at = now

    def room(self, now: float) -> float:
        """Return how many bytes may be sent now."""
        grown = self._allowance + (now - self._at) * self._bytes_per_second
        self._allowance = min(grown, self._bytes_per_second)
        self._at = now
        return self._allowance

    def spend(self, size: int) -> None:
        """Count bytes as sent; a frame larger than the room leaves a debt."""
        self._allowance -= size
