"""What waits to be written to a socket. Pure."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from tidemark.simulator.message import Message


class Outgoing(NamedTuple):
    """A frame that waits; `message` is None for an answer of the protocol."""

    frame: bytes
    message: Message | None = None
    binary: bool = False


class Outbox:
    """The frames that wait, in order, and those that are held back to be sent in the reverse order."""

    def __init__(self) -> None:
        self._waiting: deque[Outgoing] = deque()
        self._held: list[Iterable[Outgoing]] = []
        self._to_hold = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def holding(self) -> bool:
        """Tell whether messages are being held back."""
        return self._to_hold > 0

    def hold(self, messages: int) -> None:
        """Hold back so many messages from now on, then let them go, last first."""
        self._to_hold = messages

    def add(self, message: Iterable[Outgoing]) -> None:
        """Let the frames of a message wait."""
        if not self._to_hold:
            self._waiting.extend(message)
            return
        self._held.append(message)
        self._to_hold -= 1
        while self._held and not self._to_hold:
            self._waiting.extend(self._held.pop())

    def answer(self, frames: Iterable[bytes]) -> None:
        """Let answers of the protocol wait; they are never held back."""
        self._waiting.extend(map(Outgoing, frames))

    def take(self, room: float) -> list[Outgoing]:
        """Take frames until their bytes fill the room; the last one may overfill it."""
        taken: list[Outgoing] = []
        while self._waiting and room > 0:
            taken.append(self._waiting.popleft())
            room -= len(taken[-1].frame)
        return taken
