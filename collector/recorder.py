"""Where stream and spool meet: every frame becomes a record line, every event a ledger entry."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import msgspec
import structlog

from collector.spool.spool import Spool
from collector.stream.event import ChannelLost, Event, Joined, JoinFailed
from collector.stream.frame import Frame
from collector.timeline import Timeline
from tidemark.archive.record import LINE_END, line_start, unparsed_line
from tidemark.core.timestamps import format_timestamp, parse_timestamp

READING = 0.05
ENOUGH = 256 * 1024
MOST_TYPES = 256
_log = structlog.get_logger()


class _Sent(msgspec.Struct):
    sent_at: str = ""


_read_sent = msgspec.json.Decoder(_Sent).decode


class Recorder:
    """Keeps what the sessions receive, in the order of reading; at most 50 ms of it wait to be written.

    `received` counts messages by the event name of their frame; `lost` and `failed` count by reason.
    """

    def __init__(self, spool: Spool, timeline: Timeline) -> None:
        self.received: Counter[str | None] = Counter()
        self.received_bytes = 0
        self.lost: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._last: tuple[float, datetime, Frame] | None = None
        self._spool = spool
        self._timeline = timeline
        self._flush: asyncio.TimerHandle | None = None
        self._numbers = 0

    def now(self) -> datetime:
        """Return the moment to be recorded now, in the hour that is open now; what is in doubt until now is a gap."""
        doubt = self._timeline.look(time.time(), time.monotonic())
        at = self._timeline.last
        self._spool.turn(at)
        if doubt:
            self._spool.ledger.dropped(doubt.start, doubt.until, 0, doubt.reason)
            _log.error("what came meanwhile may be incomplete", reason=doubt.reason, seconds=round(doubt.seconds, 3))
        return at

    def number(self) -> int:
        """Return the next connection's number."""
        self._numbers += 1
        return self._numbers

    def record(self, frames: list[Frame]) -> None:
        """Keep the frames of one read; all of them were received at one moment."""
        at = self.now()
        lines = list(self._lines(format_timestamp(at), frames))
        size = sum(map(len, lines))
        self._spool.add(at, lines, len(frames), size)
        self._count(at, frames, size)
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

    def _count(self, at: datetime, frames: list[Frame], size: int) -> None:
        self.received_bytes += size
        self._last = time.monotonic(), at, frames[-1]
        self.received.update([frame[3] for frame in frames])
        if len(self.received) > MOST_TYPES:  # nobody's catalogue: fold what is rare, so that names cannot fill memory
            common = Counter(dict(self.received.most_common(MOST_TYPES // 2)))
            common["other"] += self.received.total() - common.total()
            self.received = common

    def lag(self) -> float | None:
        """Return how many seconds the last message was on its way; None where it does not say when it was sent."""
        if self._last is None:
            return None
        _, at, frame = self._last
        try:
            return (at - parse_timestamp(_read_sent(frame[4]).sent_at)).total_seconds()
        except ValueError:
            return None

    def last_event_age(self) -> float | None:
        """Return the seconds since the last message."""
        return None if self._last is None else time.monotonic() - self._last[0]

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
