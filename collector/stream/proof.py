"""What may be claimed: for each topic on each connection, since when and until when nothing that was sent is missed.

A machine without input or output. Feed it what happens, with monotonic times in seconds; then collect `take_claims`.
docs/adr/0011 has the argument: what each rule proves, and what no rule can see.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.stream.frame import Frame, slug_of
from collector.stream.rate import SURPRISING, Rate
from tidemark.archive.reasons import Reason

SHORTEST_BY_SENT_TIMES, PAUSES = 0.2, 4.0
SURPRISING_AT_THE_END = 3.0
SAMPLES = 21
LEAST_LAG, LARGEST_LAG = -60.0, 600.0
LOW_FOR = 300.0
LEAST_MISSED, MISSED_FOR = 5, 2.0
LOOKED_INTO = 8
STALL, STALL_FACTOR = 50.0, 3.0
LAGGING_BY, LAGGING_FOR = 10.0, 30.0
SEEN = 100_000
PREFIX, EVERYTHING = "collection:", "collection:*"

Silence = tuple[float, float]
LagsOf = Callable[[Sequence[Frame], float], Sequence[float | None]]


class Rules(NamedTuple):
    """Seconds: the shortest silence that can be implausible, and how far two clocks or two deliveries may differ.

    It is implausible where its surprise, minus the logarithm of its probability, is at least `surprising`.
    """

    shortest_silence: float = 1.0
    surprising: float = SURPRISING
    margin: float = 0.25


RULES = Rules()


class Covered(NamedTuple):
    """From `since` on, the connection should bring everything of the topic; what proves it comes later."""

    connection: int
    topic: str
    since: float


class Uncovered(NamedTuple):
    """After `proof` nothing is claimed of the topic on the connection, whatever was claimed before."""

    connection: int
    topic: str
    proof: float
    reason: Reason


class Proven(NamedTuple):
    """Up to `until`, the connection brought everything of each topic that it covers."""

    connection: int
    until: float


class Retracted(NamedTuple):
    """After `proof` nothing is claimed of the topic on the connections that have ended: it was silent there already."""

    topic: str
    proof: float
    reason: Reason


Claim = Covered | Uncovered | Proven | Retracted


@dataclass(slots=True)
class _Topic:
    """What is known of a topic over all connections.

    `quiet` is how long it was silent on those that are gone, `brought_until` up to when they are proven by messages;
    None where the topic has brought something since. `ended` is when the last of those ended.
    """

    name: str
    rate: Rate
    rules: Rules
    quiet: float = 0.0
    brought_until: float | None = None
    ended: float = 0.0
    longest: float = 0.0

    def is_implausible(self, silence: float, shortest: float | None = None) -> bool:
        least = self.rules.shortest_silence if shortest is None else shortest
        return silence > least and self.rate.surprise(silence) >= self.rules.surprising

    def shortest_by_sent_times(self) -> float:
        """Return from how many seconds on a silence in sent times counts: our own delays are not in them."""
        shortest = self.rules.shortest_silence
        return min(shortest, max(SHORTEST_BY_SENT_TIMES, PAUSES * (self.rate.pause or shortest)))


@dataclass(slots=True)
class _Place:
    """A topic joined on a connection.

    `last` is when it brought its last message, or was joined; `quiet_since` counts the silence before, too. `sent` is
    when the latest of its messages was sent, by the server's clock, if that is known. `own` is its rate on this
    connection alone. `missed` counts what others brought since its last message.
    """

    topic: _Topic
    joined: float
    last: float
    quiet_since: float
    sent: float | None = None
    first: float = float("inf")
    covered: bool = True
    own: Rate = field(default_factory=Rate)
    missed: int = 0
    missed_since: float = 0.0

    def is_implausible(self, now: float) -> bool:
        return self.topic.is_implausible(now - self.quiet_since)

    def miss(self, messages: int, now: float) -> None:
        if not self.missed:
            self.missed_since = now
        self.missed += messages


@dataclass(slots=True)
class _Connection:
    """`recent` holds the last reads: when, their last frames, and for an answered heartbeat how long it took.

    `seen` says when messages came, by their hash, while one connection hands over to another; `met_at` up to when it
    then brought everything that the other did.
    """

    number: int
    places: dict[str, _Place] = field(default_factory=dict)
    proof: float = 0.0
    reported: float = 0.0
    recent: deque[tuple[float, Sequence[Frame], float]] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    lagging_since: float | None = None
    lag_then: float = 0.0
    seen: dict[int, float] | None = None
    met_at: float = 0.0


class Proof:
    """The claims of a collector over all its connections.

    `lags_of` returns for how many seconds each of the messages was on its way that were received at a time, None for
    one that does not say. `rates` and `silences` are those that an earlier process knew: for how many seconds each
    topic had been silent at its end, and since when.
    """

    def __init__(
        self,
        lags_of: LagsOf,
        rates: Mapping[str, Rate] | None = None,
        silences: Mapping[str, Silence] | None = None,
        rules: Rules = RULES,
    ) -> None:
        self._lags_of = lags_of
        self._rules = rules
        known = silences or {}
        self._topics = {name: _Topic(name, rate, rules, *known.get(name, ())) for name, rate in (rates or {}).items()}
        self._connections: dict[int, _Connection] = {}
        self._claims: list[Claim] = []
        self._lows: tuple[float | None, float | None] = (None, None)
        self._low_since = 0.0
        self._sampled_at = 0.0

    def take_claims(self) -> list[Claim]:
        """Return what is to be claimed, or no longer, once and in order."""
        claims, self._claims = self._claims, []
        return claims

    def rates(self) -> dict[str, Rate]:
        """Return the long-term rates of the topics that ever brought something."""
        return {name: topic.rate for name, topic in self._topics.items() if topic.rate.messages}

    def silences(self, now: float) -> dict[str, Silence]:
        """Return for how many seconds each topic has been silent, and since when, of those that ever brought something.

        The seconds are those in which it was joined.
        """
        return {
            name: (self._silence(topic, now), since)
            for name, topic in self._topics.items()
            if (since := self._silent_since(topic)) is not None
        }

    def _silent_since(self, topic: _Topic) -> float | None:
        """Return up to when messages prove a topic, on whatever connection; None if it never brought any."""
        lasts = (
            self._brought_until(held, place)
            for held in self._connections.values()
            if (place := held.places.get(topic.name)) is not None and place.own.messages
        )
        known = () if topic.brought_until is None else (topic.brought_until,)
        return max((*known, *lasts), default=None)

    def joined(self, connection: int, name: str, now: float) -> None:
        """Take an acknowledged join."""
        topic = self._topics.setdefault(name, _Topic(name, Rate(), self._rules))
        held = self._held(connection)
        place = held.places[name] = _Place(topic, now, now, now - self._silence(topic, now))
        held.proof = now
        self._claims.append(Covered(connection, name, now))
        if place.is_implausible(now):  # it was silent before, on another connection
            self._doubt(held, place, Reason.UNPROVEN)

    def _held(self, connection: int) -> _Connection:
        return self._connections.setdefault(connection, _Connection(connection))

    def heard(self, connection: int, frames: Sequence[Frame], now: float) -> None:
        """Take the messages of one read."""
        held = self._held(connection)
        for topic, messages in _by_topic(frames).items():
            if topic is not None and (place := held.places.get(topic)) is not None:
                self._heard(held, place, messages, now)
        held.proof = now
        if len(frames) >= SAMPLES:  # enough to tell the lag: those before would only keep their reads in memory
            held.recent.clear()
        held.recent.append((now, frames[-SAMPLES:], 0.0))
        if EVERYTHING in held.places and len(held.places) > 1:
            self._look_into(held, frames, now)
        if held.seen is not None and len(held.seen) < SEEN:
            for frame in frames:
                held.seen.setdefault(hash((frame.topic, bytes(frame.payload))), now)

    def _heard(self, held: _Connection, place: _Place, frames: Sequence[Frame], now: float) -> None:
        topic, silence, messages = place.topic, now - place.last, len(frames)
        if place.covered and place.is_implausible(now):
            self._doubt(held, place, Reason.UNPROVEN)
        self._follow(held, place, frames, now)
        if not place.covered:
            place.covered = True
            self._claims.append(Covered(held.number, topic.name, now))
        topic.rate.heard(messages, silence)
        place.own.heard(messages, silence)
        topic.longest = max(silence, topic.longest * 0.5 ** (silence / 3600))
        topic.quiet, topic.brought_until = 0.0, None
        place.last = place.quiet_since = now
        place.missed = 0
        if len(self._connections) > 1:
            for other in self._connections.values():
                if other is not held and topic.name in other.places:
                    other.places[topic.name].miss(messages, now)
        if topic.name != EVERYTHING and EVERYTHING in held.places:
            held.places[EVERYTHING].miss(messages, now)

    def _follow(self, held: _Connection, place: _Place, frames: Sequence[Frame], now: float) -> None:
        """Follow when the messages of a topic were sent: a queue that drains hides a silence of the server.

        The last message of a read usually shows that there was none. One that does not say when it was sent leaves
        it unknown.
        """
        last = self._lags_of(frames[-1:], now)[0]
        if last is None and place.sent is None:
            return
        shortest = place.topic.shortest_by_sent_times()
        passed = None if last is None or place.sent is None else now - last - place.sent
        usual = passed is not None and -self._rules.margin <= passed <= shortest
        for lag in [last] if usual else self._lags_of(frames, now):
            if lag is None:
                place.sent = None
            elif is_credible(lag):
                self._sent(held, place, lag, now)
            elif place.sent is not None and now - place.sent > LARGEST_LAG:
                place.sent = None

    def _sent(self, held: _Connection, place: _Place, lag: float, now: float) -> None:
        """Take note of when a message was sent. One that is sent a second time neither makes nor hides a silence."""
        low = self.least_lag()
        if low is None:
            low, self._lows = lag, (lag, None)
        sent = now - max(lag, low)  # not later than it can be, whatever it says: it would hide what is lost until then
        topic, is_first = place.topic, place.sent is None and not place.own.messages
        if is_first:
            place.first = sent
        if place.sent is None:
            place.sent = place.quiet_since - low if is_first else sent
        if sent > place.sent:
            silence, shortest = sent - place.sent, topic.shortest_by_sent_times()
            topic.rate.paused(silence, now)
            if topic.is_implausible(silence, shortest):
                if place.covered and is_first:
                    self._doubt(held, place, Reason.UNPROVEN)
                elif place.covered:
                    self._uncover(held, place, self._reached(place), Reason.UNPROVEN)
                self._doubt_beside(place, sent)
            place.sent = sent

    def _doubt_beside(self, place: _Place, end: float) -> None:
        """End what other connections claim of a silence until `end`, amid which they joined, also those that ended."""
        name, proof = place.topic.name, self._reached(place)
        for held in self._connections.values():
            beside = held.places.get(name)
            if beside is None or beside is place or not beside.covered:
                continue
            if beside.joined > proof and beside.first > end - self._rules.margin:
                self._uncover(held, beside, proof, Reason.UNPROVEN)
        if place.topic.ended > proof:
            self._claims.append(Retracted(name, proof, Reason.UNPROVEN))

    def _look_into(self, held: _Connection, frames: Sequence[Frame], now: float) -> None:
        """See whether messages of `collection:*` belong to topics that are joined beside it."""
        for frame in frames[-LOOKED_INTO:]:
            if frame.topic == EVERYTHING and (place := held.places.get(f"{PREFIX}{slug_of(frame)}")) is not None:
                place.miss(1, now)

    def answered(self, connection: int, asked: float, now: float) -> None:
        """Take the answer to a heartbeat that was sent at `asked`; it waited behind what the server held back."""
        held = self._held(connection)
        held.proof = now
        held.recent.append((now, (), now - asked))

    def tick(self, now: float) -> None:
        """Let time pass, several times a second: end what is no longer plausible, and prove the rest."""
        if now - self._sampled_at >= 1.0:
            self._sampled_at = now
            self._sample(now)
        for held in self._connections.values():
            for place in held.places.values():
                if place.covered and place.is_implausible(now):
                    self._doubt(held, place, Reason.UNPROVEN)
                elif place.covered and place.missed >= LEAST_MISSED and now - place.missed_since >= MISSED_FOR:
                    self._doubt(held, place, Reason.SILENT)
            if held.proof > held.reported:
                held.reported = held.proof
                self._claims.append(Proven(held.number, held.proof - self._tail(held)))

    def lost(self, connection: int, topic: str, reason: Reason, now: float) -> None:
        """Take the end of a topic, which died or is being left while its connection lives."""
        held = self._connections.get(connection)
        if held and topic in held.places:
            self._end(held, held.places[topic], reason, now)

    def ended(self, connection: int, reason: Reason, now: float) -> None:
        """Take the end of a connection, and with it of what the server still held back for it."""
        if held := self._connections.get(connection):
            for place in list(held.places.values()):
                self._end(held, place, reason, now)
            del self._connections[connection]

    def _end(self, held: _Connection, place: _Place, reason: Reason, now: float) -> None:
        topic = place.topic
        topic.ended = now
        topic.quiet = max(self._silence(topic, now), now - self._rules.margin - self._reached(place))
        topic.brought_until = self._silent_since(topic)
        topic.rate.heard(0, now - place.last)
        del held.places[topic.name]
        if place.covered:
            tail = self._tail(held)
            proof = max(held.proof - tail, held.met_at)
            since = place.quiet_since - tail if place.sent is None else self._reached(place)
            if topic.rate.surprise(proof - since) >= SURPRISING_AT_THE_END:
                proof = self._brought_until(held, place)
            self._uncover(held, place, proof, reason)

    def _silence(self, topic: _Topic, now: float) -> float:
        """Return for how long a topic has been silent while it was joined, on whatever connection."""
        places = (held.places[topic.name] for held in self._connections.values() if topic.name in held.places)
        return min((now - place.quiet_since for place in places), default=topic.quiet)

    def _doubt(self, held: _Connection, place: _Place, reason: Reason) -> None:
        """End the claim of a silence; where it began on connections that have ended, theirs, too."""
        topic = place.topic
        self._uncover(held, place, self._brought_until(held, place), reason)
        if reason is Reason.UNPROVEN and topic.brought_until is not None:
            self._claims.append(Retracted(topic.name, self._silent_since(topic) or 0.0, reason))

    def _uncover(self, held: _Connection, place: _Place, proof: float, reason: Reason) -> None:
        place.covered = False
        self._claims.append(Uncovered(held.number, place.topic.name, proof, reason))

    def _brought_until(self, held: _Connection, place: _Place) -> float:
        """Return up to when the last message of a topic proves the topic."""
        return min(place.last - self._tail(held), self._reached(place))

    def _reached(self, place: _Place) -> float:
        """Return when the latest message of a topic was sent, in our time and with a margin; infinite if unknown."""
        return float("inf") if place.sent is None else place.sent + (self.least_lag() or 0.0) - self._rules.margin

    def least_lag(self) -> float | None:
        """Return the least lag of the last minutes; it has the difference of the clocks in it."""
        low, before = self._lows
        return before if low is None else low if before is None else min(low, before)

    def _tail(self, held: _Connection) -> float:
        """Return for how many seconds before its last proof a connection proves nothing: by so much it may lag."""
        slowest, left, lags = 0.0, SAMPLES, list[float]()
        for received, frames, waited in reversed(held.recent):
            slowest = max(slowest, waited)
            lags += self._lags(frames[-left:], received)
            left -= len(frames) or 1
            if left <= 0:
                break
        low = self.least_lag()
        if low is None:
            low = min(lags, default=0.0)
        return max(slowest, max(lags, default=low) - low) + self._rules.margin

    def _lags(self, frames: Sequence[Frame], received: float) -> Iterator[float]:
        """Yield the lags of messages; one beyond all reason is that of a message that was sent a second time."""
        for lag in self._lags_of(frames, received):
            if lag is not None and is_credible(lag):
                yield lag

    def _sample(self, now: float) -> None:
        """Once a second: learn which lag is usual, and see which connections lag."""
        if now - self._low_since >= LOW_FOR and self._lows[0] is not None:
            self._low_since, self._lows = now, (None, self._lows[0])
        for held in self._connections.values():
            if (lag := self._last_lag(held)) is None:
                continue
            low, before = self._lows
            self._lows = (lag if low is None else min(lag, low), before)
            excess = lag - min(low for low in self._lows if low is not None)
            if excess < LAGGING_BY:
                held.lagging_since = None
            elif held.lagging_since is None:
                held.lagging_since, held.lag_then = now, lag

    def _last_lag(self, held: _Connection) -> float | None:
        received, frames, _ = held.recent[-1] if held.recent else (0.0, (), 0.0)
        return next(self._lags(frames[-1:], received), None)

    def wants_renewal(self, connection: int, now: float, stall_after: float) -> Reason | None:
        """Return why a connection should be replaced by another, if it should.

        Whether it stalled is asked of each topic's rate on this connection alone, so that a stream that has really
        become quiet is not joined again for ever. `stall_after` is the least silence in seconds that counts.
        """
        held = self._held(connection)
        if held.lagging_since is not None and now - held.lagging_since >= LAGGING_FOR:
            lag = self._last_lag(held)
            if lag is not None and lag > held.lag_then:
                return Reason.LAGGING
        for place in held.places.values():
            silence = now - place.last
            limit = max(stall_after, STALL_FACTOR * place.topic.longest)
            if silence > limit and place.own.surprise(silence) >= STALL:
                return Reason.STALLED
        return None

    def hand_over(self, old: int, new: int) -> None:
        """Begin to compare what two connections bring, of which `new` will replace `old`."""
        for connection in (old, new):
            self._held(connection).seen = {}

    def is_met(self, old: int, new: int) -> bool:
        """Say whether the old connection has delivered what the new one began with, so that nothing is missed between.

        Where the new one has brought nothing yet, the old one must be proven past the new one's joins.
        """
        ending, beginning = self._held(old), self._held(new)
        joined = max((place.joined for place in beginning.places.values()), default=float("inf"))
        if not beginning.seen:
            return ending.proof - self._tail(ending) >= joined
        both = beginning.seen.keys() & (ending.seen or {}).keys()
        met_at = max((beginning.seen[message] for message in both), default=0.0) - self._rules.margin
        if met_at >= joined:
            ending.met_at = met_at
        elif ending.seen and len(ending.seen) >= SEEN:
            ending.seen.clear()
        return ending.met_at > 0.0


def is_credible(lag: float) -> bool:
    """Say whether a message can have been on its way for so long, in seconds; else it was sent a second time."""
    return LEAST_LAG < lag < LARGEST_LAG


def _by_topic(frames: Sequence[Frame]) -> Mapping[str | None, Sequence[Frame]]:
    topics = [frame.topic for frame in frames]
    if topics.count(topics[0]) == len(topics):  # much cheaper to find out than to group
        return {topics[0]: frames}
    grouped: defaultdict[str | None, list[Frame]] = defaultdict(list)
    for frame in frames:
        grouped[frame.topic].append(frame)
    return grouped
