"""The stream itself, by a connection of one's own beside any collector: what comes is handed on and kept nowhere."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from collector.settings import StreamSettings
from collector.stream.frame import Frame
from collector.stream.protocol import ChannelLost, Event, Joined, JoinFailed
from collector.stream.subscriber import Plan, Subscriber
from collector.stream.websocket import ConnectError
from tidemark.archive.reasons import Reason
from tidemark.archive.record import record_line
from tidemark.core.timestamps import format_timestamp
from tidemark.live.market import safe

_TICK = 0.1


class Listener:
    """Hands on messages as record lines, and says what happens to the subscription; a gap here is no gap anywhere."""

    def __init__(self, take: Callable[[list[bytes]], None], log: Callable[[str], None]) -> None:
        self._take = take
        self._say = log
        self._numbers = 0
        self._said = ""

    def number(self) -> int:
        """Return the next connection's number."""
        self._numbers += 1
        return self._numbers

    def record(self, connection: int, frames: list[Frame], now: float) -> None:  # noqa: ARG002
        """Hand on the messages of one read."""
        at = format_timestamp(datetime.now(UTC))
        self._take([record_line(at, each.topic, bytes(each.payload)) for each in frames if each.event is not None])

    def note(self, connection: int, event: Event, now: float) -> None:  # noqa: ARG002
        """Say which topics are joined, refused or lost."""
        match event:
            case Joined(topic):
                self._said = ""
                self._say(f"subscribed to {safe(topic)}")
            case JoinFailed(topic, reason) | ChannelLost(topic, reason):
                self._say(f"{safe(topic)}: {reason.sentence} It is joined again.")

    def lose(self, connection: int, reason: Reason, now: float) -> None:  # noqa: ARG002
        """Say that a connection ended."""
        self._say(f"{reason.sentence} Connecting again; what comes meanwhile is not shown.")

    def fail(self, failure: ConnectError, pause: float) -> None:  # noqa: ARG002
        """Say that no connection came about; the same again is not said again."""
        if self._said != (sentence := str(failure.problem)):
            self._said = sentence
            self._say(f"not connected: {sentence}. Trying again.")

    def wants_renewal(self, connection: int, now: float) -> Reason | None:  # noqa: ARG002
        """Keep every connection."""
        return None

    def hand_over(self, old: int, new: int) -> None:
        """Compare nothing."""

    def is_met(self, old: int, new: int) -> bool:  # noqa: ARG002
        """Ask nothing of an old connection."""
        return True


def listen(
    settings: StreamSettings,
    topics: Sequence[str],
    event_types: Sequence[str],
    take: Callable[[list[bytes]], None],
    log: Callable[[str], None],
) -> None:
    """Subscribe, and hand on each read's messages as record lines, until interrupted."""
    # the subscriber's own log is for a service; a person reads sentences
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    plan = Plan(url=settings.address, event_types=event_types, max_connection_age=0)
    asyncio.run(_hold(Subscriber(plan, topics, Listener(take, log))))


async def _hold(subscriber: Subscriber) -> None:
    held = asyncio.create_task(subscriber.run())
    while not held.done():
        await asyncio.wait({held}, timeout=_TICK)
        subscriber.tick(asyncio.get_running_loop().time())
    held.result()
