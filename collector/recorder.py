"""Where stream and spool meet: every frame becomes a record line, every event a ledger entry."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import structlog

from archive.moment import format_moment
from archive.record import LINE_END, line_start, unparsed_line
from collector.spool.spool import Spool
from collector.stream.event import ChannelLost, Event, Joined, JoinFailed
from collector.stream.frame import Frame
from collector.timeline import Timeline

READING = 0.05
ENOUGH = 256 * 1024
MOST_TYPES = 256
_log = structlog.get_logger()


class Recorder:
    """Keeps what the sessions receive, in the order of reading; at most 50 ms of it wait for the operating system.

    `received` counts messages by the event name of their frame, `lag` is the last one's way in seconds.
    """

    def __init__(self, spool: Spool, timeline: Timeline) -> None:
        self.received: Counter[str | None] = Counter()
        self.received_bytes = 0
        self.last_received: float | None = None
        self.lost: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.last_message: Frame | None = None
        self._spool = spool
        self._timeline = timeline
        self._flush: asyncio.TimerHandle | None = None
        self._numbers = 0

    def now(self) -> datetime:
        """Return the moment to be recorded now."""
        return self._timeline.at(time.time())

    def number(self) -> int:
        """Return the next connection's number."""
        self._numbers += 1
        return self._numbers

    def record(self, frames: list[Frame]) -> None:
        """Keep the frames of one read; all of them were received at one moment."""
        at = self.now()
        lines = list(self._lines(format_moment(at), frames))
        size = sum(map(len, lines))
        self._spool.add(at, lines, len(frames), size)
        self._count(frames, size)
        if self._spool.waiting >= ENOUGH:
            self.flush()
        elif self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(READING, self.flush)

    def _lines(self, stamp: str, frames: list[Frame]) -> Iterator[bytes]:
        """Print the frames' lines in pieces, the messages uncopied."""
        starts: dict[str | None, bytes] = {}
        for _, _, topic, event, message in frames:
            if event is None:
                yield unparsed_line(stamp, bytes(message))
                continue
            start = starts.get(topic)
            if start is None:
                start = starts[topic] = line_start(stamp, topic)
            yield start
            yield message
            yield LINE_END

    def _count(self, frames: list[Frame], size: int) -> None:
        self.received_bytes += size
        self.last_received = time.time()
        self.last_message = frames[-1]
        self.received.update([frame[3] for frame in frames])

    def flush(self) -> None:
        """Hand what waits to the operating system."""
        if self._flush:
            self._flush.cancel()
            self._flush = None
        self._spool.flush()

    def prove(self, connection: int) -> None:
        """Note that a connection proved that its subscriptions live."""
        self._spool.ledger.prove(self.now(), connection)

    def note(self, connection: int, event: Event) -> None:
        """Write what happened to a subscription into the ledger."""
        ledger, at = self._spool.ledger, self.now()
        match event:
            case Joined(topic):
                ledger.join(at, connection, topic)
                _log.info("joined", connection=connection, topic=topic)
            case ChannelLost(topic, reason):
                self.lost[reason] += 1
                ledger.lose(at, connection, topic, reason)
                _log.warning("subscription lost", connection=connection, topic=topic, reason=reason)
            case JoinFailed(topic, reason):
                self.failed[reason] += 1
                ledger.fail(at, topic, reason)
                _log.error("join failed", connection=connection, topic=topic, reason=reason)

    def lose(self, connection: int, reason: str) -> None:
        """Write the end of a connection into the ledger."""
        self.lost[reason] += 1
        self._spool.ledger.lose(self.now(), connection, None, reason)
        self._spool.ledger.forget(connection)
        _log.warning("connection ended", connection=connection, reason=reason)

    def fail(self, reason: str) -> None:
        """Write a failed attempt to connect into the ledger."""
        self.failed[reason] += 1
        self._spool.ledger.fail(self.now(), None, reason)
