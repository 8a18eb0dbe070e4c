"""Where stream and spool meet: every frame becomes a record line, every claim and loss a ledger entry."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypedDict

import structlog

from collector.spool.spool import Batch, Spool
from collector.status import by_type
from collector.stream.frame import Frame
from collector.stream.proof import RULES, Covered, Proof, Proven, Retracted, Rules, Silence, Uncovered
from collector.stream.protocol import Answered, ChannelLost, Event, Joined, JoinFailed, Left
from collector.stream.rate import Rate
from collector.stream.websocket import ConnectError
from collector.timeline import Timeline
from tidemark.archive.reasons import Reason
from tidemark.archive.record import LINE_END, line_start, sent_at, unparsed_line
from tidemark.core.timestamps import format_timestamp

READING = 0.05
ENOUGH = 256 * 1024
MOST_TYPES = 256
RATES_EVERY = 30.0
LOGGED_EVERY = 60.0
_log = structlog.get_logger()


class RecorderStatus(TypedDict):
    """The recorder's part of the collector's status."""

    received: dict[str, int]
    received_bytes: int
    lost: dict[str, int]
    failed: dict[str, int]
    connect_failures: dict[str, int]
    unconnected: str | None
    lag: float | None
    last_event_age: float


class _Failing(NamedTuple):
    """Attempts to connect that fail one after the other; `logged` is when the log last told of them."""

    sentence: str
    attempts: int
    logged: float


class Recorder:
    """Keeps what the sessions receive, in the order of reading; at most 50 ms of it wait to be written.

    `received` counts messages by the event name of their frame; `lost` and `failed` count by reason, and
    `connect_failures` attempts to connect that failed, by cause. `real` and `clock` are the machine's clocks: seconds
    since 1970, and monotonic seconds.
    """

    def __init__(
        self,
        spool: Spool,
        timeline: Timeline,
        rates: Mapping[str, Rate] | None = None,
        silences: Mapping[str, tuple[float, datetime]] | None = None,
        *,
        rules: Rules = RULES,
        stall_after: float = 60.0,
        real: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.received: Counter[str | None] = Counter()
        self.received_bytes = 0
        self.lost: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.connect_failures: Counter[str] = Counter()
        self._failing: _Failing | None = None
        self._last: tuple[float, Frame] | None = None
        self._spool = spool
        self._timeline = timeline
        self._stall_after = stall_after
        self._real, self._clock = real, clock
        self._flush: asyncio.TimerHandle | None = None
        self._numbers = 0
        self._proof = Proof(self._lags_of, rates, self._inherited(silences or {}), rules)
        self._began = self._rates_at = clock()

    def now(self) -> datetime:
        """Return the timestamp to be recorded now, in the hour that is open now; what is unsure until now is a gap."""
        anomaly = self._timeline.advance(self._real(), self._clock())
        at = self._timeline.last
        self._spool.turn(at)
        if anomaly:
            self._spool.ledger.dropped(anomaly.start, anomaly.end, 0, anomaly.reason)
            _log.error(
                "what came meanwhile may be incomplete", reason=anomaly.reason, seconds=round(anomaly.seconds, 3)
            )
        return at

    def number(self) -> int:
        """Return the next connection's number."""
        self._numbers += 1
        return self._numbers

    def record(self, connection: int, frames: list[Frame], now: float) -> None:
        """Keep the frames of one read; all of them were received at one moment."""
        at = self.now()
        lines = list(self._lines(format_timestamp(at), frames))
        size = sum(map(len, lines))
        self._spool.add(Batch(self._spool.ledger.proven(at, connection), at, len(frames)), lines, size)
        self._count(frames, size, now)
        self._proof.heard(connection, frames, now)
        self._claim(at)
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

    def _count(self, frames: list[Frame], size: int, now: float) -> None:
        self.received_bytes += size
        self._last = now, frames[-1]
        self.received.update([frame.event for frame in frames])
        if len(self.received) > MOST_TYPES:  # fold what is rare, so that names cannot fill memory
            common = Counter(dict(self.received.most_common(MOST_TYPES // 2)))
            common["other"] += self.received.total() - common.total()
            self.received = common

    def _lags_of(self, frames: Sequence[Frame], received: float) -> list[float | None]:
        at, seconds = self._timeline.at(received), self._timeline.seconds
        return [seconds(at - sent) if (sent := sent_at(frame.payload)) else None for frame in frames]

    def status(self) -> RecorderStatus:
        """Return what was received, and what went wrong."""
        return {
            "received": by_type(self.received),
            "received_bytes": self.received_bytes,
            "lost": dict(self.lost),
            "failed": dict(self.failed),
            "connect_failures": dict(self.connect_failures),
            "unconnected": self._failing.sentence if self._failing else None,
            "lag": self._lags_of([self._last[1]], self._last[0])[0] if self._last else None,
            "last_event_age": self._clock() - (self._last[0] if self._last else self._began),
        }

    def flush(self) -> None:
        """Hand what waits to the operating system."""
        if self._flush:
            self._flush.cancel()
            self._flush = None
        self._spool.flush()

    def tick(self, now: float) -> None:
        """Let time pass: prove what lives, end what is no longer plausible."""
        at = self.now()
        self._proof.tick(now)
        self._claim(at)
        if now - self._rates_at >= RATES_EVERY:
            self._rates_at = now
            self.keep_rates(at)

    def keep_rates(self, at: datetime) -> None:
        """Write the topics' rates and silences into the ledger, where the next process finds them."""
        rates = {topic: (rate.messages, rate.seconds, rate.pause) for topic, rate in self._proof.rates().items()}
        recorded, at_of = self._timeline.recorded, self._timeline.at
        silences = {
            topic: (recorded(quiet).total_seconds(), at_of(since))
            for topic, (quiet, since) in self._proof.silences(self._clock()).items()
        }
        lag = self._proof.least_lag()
        self._spool.ledger.keep_rates(at, rates, silences, None if lag is None else recorded(lag).total_seconds())

    def _inherited(self, silences: Mapping[str, tuple[float, datetime]]) -> dict[str, Silence]:
        """Turn the silences of an earlier process from recorded into monotonic time."""
        now, last, seconds = self._clock(), self._timeline.last, self._timeline.seconds
        return {
            topic: (seconds(timedelta(seconds=quiet)), now - seconds(last - since))
            for topic, (quiet, since) in silences.items()
        }

    def note(self, connection: int, event: Event, now: float) -> None:
        """Write what happened to a subscription into the ledger."""
        at = self.now()
        match event:
            case Joined(topic):
                self._failing = None
                self._proof.joined(connection, topic, now)
                _log.info("joined", connection=connection, topic=topic)
            case ChannelLost(topic, reason):
                self.lost[reason] += 1
                self._proof.lost(connection, topic, reason, now)
                _log.warning("subscription lost", connection=connection, topic=topic, reason=reason)
            case Left(topic):
                self._proof.lost(connection, topic, Reason.NOT_RUNNING, now)
            case JoinFailed(topic, reason):
                self.failed[reason] += 1
                self._spool.ledger.fail(at, topic, reason)
                _log.error("join failed", connection=connection, topic=topic, reason=reason)
            case Answered(float(asked)):
                self._proof.answered(connection, asked, now)
        self._claim(at)

    def lose(self, connection: int, reason: Reason, now: float) -> None:
        """Write the end of a connection into the ledger."""
        at = self.now()
        self.lost[reason] += 1
        self._proof.ended(connection, reason, now)
        self._claim(at)
        self._spool.ledger.forget(connection)
        _log.warning("connection ended", connection=connection, reason=reason)

    def fail(self, failure: ConnectError, pause: float) -> None:
        """Write a failed attempt to connect into the ledger; the log tells the same again once a minute at most."""
        self.failed[failure.reason] += 1
        self.connect_failures[failure.cause] += 1
        self._spool.ledger.fail(self.now(), None, failure.reason)
        sentence, now = f"{failure.problem.what} ({failure.reason})", self._clock()
        before = self._failing
        attempts = before.attempts + 1 if before else 1
        if before and before.sentence == sentence and now - before.logged < LOGGED_EVERY:
            self._failing = before._replace(attempts=attempts)
            return
        self._failing = _Failing(sentence, attempts, now)
        log = _log.warning if failure.problem.transient else _log.error
        log(
            "not connected",
            reason=failure.reason,
            problem=failure.problem.what,
            hint=failure.problem.hint,
            attempts=attempts,
            again_in=round(pause, 2),
        )

    def wants_renewal(self, connection: int, now: float) -> Reason | None:
        """Return why a connection should be replaced by another, if it should."""
        return self._proof.wants_renewal(connection, now, self._stall_after)

    def hand_over(self, old: int, new: int) -> None:
        """Begin to compare what two connections bring."""
        self._proof.hand_over(old, new)

    def is_met(self, old: int, new: int) -> bool:
        """Say whether nothing is missed when the old connection is closed now."""
        return self._proof.is_met(old, new)

    def _claim(self, at: datetime) -> None:
        """Write what may be claimed, or no longer."""
        ledger = self._spool.ledger
        for claim in self._proof.take_claims():
            match claim:
                case Covered(connection, topic, _):
                    ledger.join(at, connection, topic)
                case Uncovered(connection, topic, proof, reason):
                    ledger.lose(at, connection, topic, self._timeline.at(proof), reason)
                case Retracted(topic, proof, reason):
                    ledger.retract(at, topic, self._timeline.at(proof), reason)
                case Proven(connection, until):
                    ledger.prove(self._timeline.at(until), connection)
