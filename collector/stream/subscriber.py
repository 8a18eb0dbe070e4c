"""One subscription kept alive for months: dial, converse, dial again; and, where asked, make before break."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import random

import structlog
from pydantic import SecretStr

from collector.stream.backoff import patient, quick
from collector.stream.conversation import Conversation, Timers
from collector.stream.session import Recorder, Session
from collector.stream.watchdog import Watchdog
from collector.stream.websocket import Undialled, dial
from tidemark.archive.reasons import Reason

_log = structlog.get_logger()
_LONGEST_WISH = 900.0
_SETTLING = 30.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to subscribe. Times are in seconds; with `max_connection_age` 0 a connection is never renewed."""

    url: SecretStr
    event_types: Sequence[str] = ()
    timers: Timers = field(default_factory=Timers)
    dial_patience: float = 10.0
    max_connection_age: float = 0.0
    largest: int = 16 * 1024 * 1024
    stall_after: float = 60.0


class Subscriber:
    """Holds one connection, and a second one for the time of a planned renewal."""

    def __init__(self, plan: Plan, topics: Sequence[str], recorder: Recorder, number: Callable[[], int]) -> None:
        self._plan = plan
        self._topics = topics
        self._recorder = recorder
        self._number = number
        self._watchdog = Watchdog(plan.stall_after)
        self._quick, self._patient = quick(), patient()
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
            except Undialled as failure:
                await self._rest(failure.reason, failure)
                continue
            session, reason = await self._hold(session)
            if session.answered and session.lasted > self._plan.timers.reply:
                self._quick.reset()
                self._patient.reset()
            await self._rest(reason, None if session.answered else Undialled(reason))

    async def close(self, reason: str) -> None:
        """Close what is open, once `run` has ended; messages that still come meanwhile are kept."""
        await asyncio.gather(*(session.close(reason) for session in self._held))

    async def _rest(self, reason: str, failure: Undialled | None) -> None:
        """Pause before the next attempt; only a connection that was answered and lasted makes pauses short again."""
        if failure:
            self._recorder.fail(reason)
        refused = failure is not None and failure.refused
        pause = (self._patient if refused else self._quick).pause(random())  # noqa: S311 - jitter, no secret
        if failure:
            pause = max(pause, min(failure.retry_after, _LONGEST_WISH))
        say = _log.error if refused else _log.warning
        say("not connected", reason=reason, status=failure and failure.status, again_in=round(pause, 2))
        await asyncio.sleep(pause)

    async def _open(self) -> Session:
        plan = self._plan
        wire = await dial(plan.url, largest=plan.largest, patience=plan.dial_patience)
        conversation = Conversation(
            self._number(), self._topics, event_types=plan.event_types, timers=plan.timers, watchdog=self._watchdog
        )
        session = Session(wire, conversation, self._recorder)
        self._held.add(session)
        session.over.add_done_callback(lambda _: self._held.discard(session))
        _log.info("connected", connection=session.number)
        return session

    async def _hold(self, session: Session) -> tuple[Session, str]:
        """Return the last session and why it ended; planned renewals happen on the way."""
        while True:
            done, _ = await asyncio.wait({session.over}, timeout=self._plan.max_connection_age or None)
            if done:
                return session, session.over.result()
            session = await self._renew(session)

    async def _renew(self, old: Session) -> Session:
        """Open a second connection and close the first as soon as the second has joined everything."""
        try:
            new = await self._open()
        except Undialled as failure:
            _log.warning("the connection could not be renewed", reason=failure.reason)
            return old
        deadline = time.monotonic() + _SETTLING
        while not old.over.done() and not new.over.done() and time.monotonic() < deadline:
            if new.conversation.settled:
                await old.close(Reason.RENEWED)
                return new
            await asyncio.sleep(0.05)
        spare, kept = (old, new) if old.over.done() else (new, old)
        await spare.close(Reason.RENEWED)
        return kept
