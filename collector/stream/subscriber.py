"""One subscription kept alive for months: connect, converse, connect again; and renew, the new connection first."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import random
from typing import Protocol

import structlog
from pydantic import SecretStr

from collector.stream.backoff import KEY_REFUSAL, LOSS, REFUSAL, Backoff
from collector.stream.protocol import ChannelProtocol, Timers
from collector.stream.session import Session, StreamRecorder
from collector.stream.websocket import ConnectError, WebSocketConnection, open_websocket
from tidemark.archive.reasons import Reason
from tidemark.core.errors import Problem

_log = structlog.get_logger()
_LONGEST_WISH = 900.0
_UNANSWERED = "Check OPENSEA_API_KEY and TIDEMARK_COLLECTIONS"
_SHORTEST_WAIT, _LONGEST_WAIT = 0.05, 0.5


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to subscribe. Times are in seconds; with `max_connection_age` 0 a healthy connection is never replaced.

    A new connection has `settling` to join everything, and the old one then `draining` to deliver what it has queued.
    """

    url: SecretStr
    event_types: Sequence[str] = ()
    timers: Timers = field(default_factory=Timers)
    connect_timeout: float = 10.0
    max_connection_age: float = 1800.0
    largest: int = 16 * 1024 * 1024
    settling: float = 30.0
    draining: float = 120.0


class Connect(Protocol):
    """Opens a websocket; see `open_websocket`."""

    async def __call__(self, url: SecretStr, *, largest: int, timeout: float) -> WebSocketConnection:  # noqa: ASYNC109
        """Return the open websocket."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Time, chance and the network, which tests replace: `clock` is monotonic seconds, `chance` random in [0, 1)."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    chance: Callable[[], float] = random
    connect: Connect = open_websocket


class Subscriber:
    """Holds one connection, and a second one while it is being renewed."""

    def __init__(
        self, plan: Plan, topics: Sequence[str], recorder: StreamRecorder, around: Surroundings | None = None
    ) -> None:
        self._plan = plan
        self._topics = topics
        self._recorder = recorder
        self._around = around or Surroundings()
        self._pauses: dict[tuple[float, ...], Backoff] = {
            steps: Backoff(steps) for steps in (LOSS, REFUSAL, KEY_REFUSAL)
        }
        self._held: set[Session] = set()

    @property
    def held(self) -> int:
        """How many connections are open now."""
        return len(self._held)

    def tick(self, now: float) -> None:
        """Let time pass; `now` is monotonic."""
        for session in list(self._held):
            session.tick(now)

    def want(self, topics: Sequence[str]) -> None:
        """Change the topics, on the connections that are open and on those to come."""
        self._topics = topics
        for session in list(self._held):
            session.want(topics)

    async def run(self) -> None:
        """Hold the subscription until cancelled; connections that are open then stay so until `close`."""
        while True:
            try:
                session = await self._open()
            except ConnectError as failure:
                await self._rest(failure)
                continue
            session, reason = await self._hold(session)
            if session.answered and session.lasted > self._plan.timers.reply:
                for pauses in self._pauses.values():
                    pauses.reset()
            if session.answered:
                await self._around.sleep(self._pause(LOSS))
            else:
                await self._rest(ConnectError(reason, Problem(reason.sentence, _UNANSWERED, True)))

    async def close(self, reason: Reason) -> None:
        """Close what is open, once `run` has ended; messages that still come meanwhile are kept."""
        await asyncio.gather(*(session.close(reason) for session in self._held))

    async def _rest(self, failure: ConnectError) -> None:
        """Note that no connection came about, and pause before the next attempt."""
        if failure.reason is Reason.KEY_REFUSED:
            pause = self._pause(KEY_REFUSAL)
        elif failure.retry_after is not None:
            wish = min(failure.retry_after, _LONGEST_WISH)
            pause = wish + self._around.chance() * min(1.0, 0.1 * wish)
        else:
            pause = self._pause(REFUSAL if failure.reason is Reason.RATE_LIMITED else LOSS)
        self._recorder.fail(failure, pause)
        await self._around.sleep(pause)

    def _pause(self, steps: tuple[float, ...]) -> float:
        """Return the next pause; only a connection that was answered and lasted makes pauses short again."""
        return self._pauses[steps].pause(self._around.chance())

    async def _open(self) -> Session:
        plan, around = self._plan, self._around
        connection = await around.connect(plan.url, largest=plan.largest, timeout=plan.connect_timeout)
        protocol = ChannelProtocol(self._topics, event_types=plan.event_types, timers=plan.timers, chance=around.chance)
        session = Session(self._recorder.number(), connection, protocol, self._recorder, around.clock)
        session.start()
        self._held.add(session)
        session.over.add_done_callback(lambda _: self._held.discard(session))
        _log.info("connected", connection=session.number)
        return session

    async def _hold(self, session: Session) -> tuple[Session, Reason]:
        """Return the last session and why it ended; renewals happen on the way."""
        pauses, not_before = Backoff(REFUSAL), 0.0
        due = self._due()
        while True:
            wait = min(_LONGEST_WAIT, max(_SHORTEST_WAIT, due - self._around.clock()))
            done, _ = await asyncio.wait({session.over}, timeout=wait)
            if done:
                return session, session.over.result()
            now = self._around.clock()
            reason = self._recorder.wants_renewal(session.number, now) or (Reason.RENEWED if now >= due else None)
            if reason is None or now < not_before:
                continue
            renewed = await self._renew(session, reason)
            if renewed is session:
                not_before = self._around.clock() + pauses.pause(self._around.chance())
            else:
                session, due = renewed, self._due()
                pauses.reset()

    def _due(self) -> float:
        """Return when a connection that begins now should be replaced: after half of its largest age, or up to all."""
        age = self._plan.max_connection_age * (0.5 + 0.5 * self._around.chance())
        return self._around.clock() + age if age else float("inf")

    async def _renew(self, old: Session, reason: Reason) -> Session:
        """Open a second connection and close the first when the second goes on where it ends; return the one kept.

        Without a second connection that joined everything, the first one stays.
        """
        try:
            new = await self._open()
        except ConnectError as failure:
            _log.warning("the connection could not be renewed", reason=failure.reason, problem=failure.problem.what)
            return old
        self._recorder.hand_over(old.number, new.number)
        settled = await self._until(lambda: new.settled, (old, new), self._plan.settling)
        if settled:
            old.ask()
            seconds = self._plan.timers.reply if reason is Reason.STALLED else self._plan.draining
            await self._until(lambda: self._recorder.is_met(old.number, new.number), (old, new), seconds)
        replaced = old.over.done() or (settled and not new.over.done())
        spare, kept = (old, new) if replaced else (new, old)
        await spare.close(reason)
        return kept

    async def _until(self, condition: Callable[[], bool], sessions: Sequence[Session], seconds: float) -> bool:
        """Wait until a condition holds; give up after a time, or when one of the sessions has ended."""
        deadline = self._around.clock() + seconds
        while not condition():
            if self._around.clock() >= deadline or any(session.over.done() for session in sessions):
                return False
            await asyncio.wait({session.over for session in sessions}, timeout=_SHORTEST_WAIT)
        return True
