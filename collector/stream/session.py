"""One connection from dial to end: the wire, the conversation on it, and who is told."""

import asyncio
import time
from collections.abc import Iterable
from typing import Protocol

from collector.stream.conversation import Conversation
from collector.stream.event import Answered, Dead, Event
from collector.stream.frame import Frame
from collector.stream.websocket import Wire, hang_up


class Recorder(Protocol):
    """Whoever keeps what is received; none of its methods waits."""

    def record(self, frames: list[Frame]) -> None:
        """Keep the frames of one read."""

    def prove(self, connection: int) -> None:
        """Note that a connection proved that its subscriptions live."""

    def note(self, connection: int, event: Event) -> None:
        """Note what happened to a subscription."""

    def lose(self, connection: int, reason: str) -> None:
        """Note that a connection ended."""

    def fail(self, reason: str) -> None:
        """Note that no connection came about."""


class Session:
    """A live connection.

    `answered` says whether the server ever answered on it; `over` is done when it has ended, with the reason;
    `lasted` then says how many seconds it lived.
    """

    def __init__(self, wire: Wire, conversation: Conversation, recorder: Recorder) -> None:
        self.conversation = conversation
        self.answered = False
        self.lasted = 0.0
        self._wire = wire
        self._recorder = recorder
        self._verdict: str | None = None
        self._over = False
        self._opened_at = time.monotonic()
        conversation.opened(self._opened_at)
        self._pump()
        wire.start(self._receive)
        self.over = asyncio.create_task(self._ended())

    @property
    def number(self) -> int:
        """The connection's number within this run."""
        return self.conversation.number

    def _receive(self, messages: list[bytes]) -> None:
        now = time.monotonic()
        frames = self.conversation.receive(messages, now)
        if frames:
            self._recorder.record(frames)
        if self.conversation.proof == now:
            self._recorder.prove(self.number)
        self._pump()

    def tick(self, now: float) -> None:
        """Let time pass."""
        self.conversation.tick(now)
        self._pump()

    def want(self, topics: Iterable[str]) -> None:
        """Change the topics."""
        self.conversation.want(topics, time.monotonic())
        self._pump()

    def _pump(self) -> None:
        """Pass on what the conversation wants sent and told."""
        if sends := self.conversation.take_sends():
            self._wire.post(sends)
        for event in self.conversation.take_events():
            if isinstance(event, Answered):
                self.answered = True
            elif isinstance(event, Dead):
                self._verdict = self._verdict or event.reason
                self._wire.cut()
            else:
                self._recorder.note(self.number, event)

    async def _ended(self) -> str:
        reason = await self._wire.ended()
        return self._finish(reason)

    async def close(self, reason: str) -> None:
        """End the connection in good order; messages that still come are kept."""
        self._verdict = self._verdict or reason
        await hang_up(self._wire)
        self._finish(reason)

    def _finish(self, reason: str) -> str:
        self._verdict = self._verdict or reason
        if not self._over:
            self._over = True
            now = time.monotonic()
            self.lasted = now - self._opened_at
            if self._wire.said_goodbye and self.conversation.closed(now):
                self._recorder.prove(self.number)
            self._recorder.lose(self.number, self._verdict)
        return self._verdict
