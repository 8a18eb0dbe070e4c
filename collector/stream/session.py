"""One connection from its opening to its end: the socket, the protocol on it, and the recorder."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

from collector.stream.frame import Frame
from collector.stream.protocol import Answered, ChannelProtocol, Dead, Event
from collector.stream.websocket import ConnectError, WebSocketConnection
from tidemark.archive.reasons import Reason


class StreamRecorder(Protocol):
    """What keeps messages and coverage; none of its methods waits, and times are monotonic seconds."""

    def number(self) -> int:
        """Return the next connection's number."""

    def record(self, connection: int, frames: list[Frame], now: float) -> None:
        """Keep the messages of one read."""

    def note(self, connection: int, event: Event, now: float) -> None:
        """Note what happened to a subscription."""

    def lose(self, connection: int, reason: Reason, now: float) -> None:
        """Note that a connection ended."""

    def fail(self, failure: ConnectError, pause: float) -> None:
        """Note that no connection came about, and that the next attempt is in `pause` seconds."""

    def wants_renewal(self, connection: int, now: float) -> Reason | None:
        """Return why a connection should be replaced by another, if it should."""

    def hand_over(self, old: int, new: int) -> None:
        """Begin to compare what two connections bring."""

    def is_met(self, old: int, new: int) -> bool:
        """Say whether nothing is missed when the old connection is closed now."""


class Session:
    """A live connection.

    `answered` says whether the server ever answered on it; `over` is done when it has ended, with the reason;
    `lasted` then says how many seconds it lived.
    """

    def __init__(
        self,
        number: int,
        connection: WebSocketConnection,
        protocol: ChannelProtocol,
        recorder: StreamRecorder,
        clock: Callable[[], float],
    ) -> None:
        self.number = number
        self.answered = False
        self.lasted = 0.0
        self._connection = connection
        self._protocol = protocol
        self._recorder = recorder
        self._clock = clock
        self._verdict: Reason | None = None
        self._over = False
        self._opened_at = clock()
        self.over: asyncio.Future[Reason]

    def start(self) -> None:
        """Join everything and listen."""
        self._protocol.opened(self._opened_at)
        self._pump(self._opened_at)
        self._connection.start(self._receive)
        self.over = asyncio.create_task(self._ended())

    @property
    def settled(self) -> bool:
        """Whether every topic is joined."""
        return self._protocol.settled

    def _receive(self, messages: list[bytes]) -> None:
        now = self._clock()
        if frames := self._protocol.receive(messages, now):
            self._recorder.record(self.number, frames, now)
        self._pump(now)

    def tick(self, now: float) -> None:
        """Let time pass."""
        self._protocol.tick(now)
        self._pump(now)

    def ask(self) -> None:
        """Send a heartbeat now."""
        self._protocol.ask(now := self._clock())
        self._pump(now)

    def want(self, topics: Iterable[str]) -> None:
        """Change the topics."""
        self._protocol.want(topics, now := self._clock())
        self._pump(now)

    def _pump(self, now: float) -> None:
        """Pass on what the protocol wants sent and noted."""
        if sends := self._protocol.take_sends():
            self._connection.post(sends)
        for event in self._protocol.take_events():
            self.answered |= isinstance(event, Answered)
            if isinstance(event, Dead):
                self._verdict = self._verdict or event.reason
                self._connection.cut()
            else:
                self._recorder.note(self.number, event, now)

    async def _ended(self) -> Reason:
        return self._finish(await self._connection.ended())

    async def close(self, reason: Reason) -> None:
        """End the connection in good order; messages that still come are kept, for a second at most.

        The server answers a heartbeat before it closes, which proves a quiet stream up to now.
        """
        self._verdict = self._verdict or reason
        self.ask()
        with suppress(OSError):
            await self._connection.close()
        self._finish(reason)

    def _finish(self, reason: Reason) -> Reason:
        self._verdict = self._verdict or reason
        if not self._over:
            self._over = True
            now = self._clock()
            self.lasted = now - self._opened_at
            self._recorder.lose(self.number, self._verdict, now)
        return self._verdict
