"""The fold that turns an hour's ledger into what was covered, and what was not and why.

An interval is covered only between proofs of life: from an acknowledged join to the last proof before the
connection was lost. Two connections cover what either of them covers. Messages that were received but could
not be written are a gap, too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import singledispatchmethod
from itertools import groupby, pairwise
from operator import itemgetter

from tidemark.archive.ledger import (
    Alive,
    Began,
    Dropped,
    Ended,
    Entry,
    Failed,
    Joined,
    Lost,
    Place,
    Rates,
    Retracted,
    Started,
    Stopped,
    Subscribed,
    Unsubscribed,
)
from tidemark.archive.manifest import Gap, Interval
from tidemark.archive.reasons import Reason
from tidemark.core.hour import Hour
from tidemark.core.spans import Span, clipped, union, without


@dataclass(frozen=True, slots=True)
class Coverage:
    """An hour's covered intervals and gaps, each sorted by topic and time, disjoint, within the hour.

    `expected` holds the topics that were still meant to be covered when the ledger ended, each with the reason
    that holds until the ledger goes on: they begin the ledger of the next hour.
    """

    covered: tuple[Interval, ...] = ()
    gaps: tuple[Gap, ...] = ()
    expected: dict[str, str] = field(default_factory=dict)


def coverage_of(entries: Iterable[Entry], hour: Hour) -> Coverage:
    """Fold the entries of an hour's ledger. Pure and total: entries in an odd order never raise."""
    fold = _Fold(hour.start)
    for entry in entries:
        fold.take(entry)
    return fold.coverage(hour)


@dataclass(slots=True)
class _Topic:
    """What is known of one topic: when it was expected and covered, and from when on which reason holds.

    `unproven` holds what lies between the last proof of a topic and its removal.
    """

    expected_since: datetime | None = None
    expected: list[Span] = field(default_factory=list)
    unproven: list[Span] = field(default_factory=list)
    covered: list[Span] = field(default_factory=list)
    reasons: list[tuple[datetime, str]] = field(default_factory=list)

    def expect(self, at: datetime, reason: str) -> None:
        if self.expected_since is None:
            self.expected_since = at
        self.reasons.append((at, reason))

    def release(self, at: datetime, proof: datetime | None = None) -> None:
        if self.expected_since is not None:
            until = at if proof is None else proof
            self.expected.append((self.expected_since, until))
            self.unproven.append((until, at))
            self.expected_since = None

    def wanted(self, dropped: list[Span]) -> list[Span]:
        """Return when it was expected: after its last proof only where something was dropped before its removal."""
        missed = [span for span in self.unproven if any(clipped([span], drop) for drop in dropped)]
        return [*self.expected, *missed]

    def explained(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, str]]:
        """Split an uncovered span where its reason changes."""
        reasons = sorted(self.reasons, key=lambda known: known[0])
        cuts = [start, *(at for at, _ in reasons if start < at < end), end]
        parts = [
            (next((reason for at, reason in reversed(reasons) if at <= cut[0]), Reason.NOT_RUNNING), cut)
            for cut in pairwise(cuts)
        ]
        for reason, pieces in groupby(parts, itemgetter(0)):
            spans = [span for _, span in pieces]
            yield spans[0][0], spans[-1][1], reason


class _Fold:
    """The state of the fold: topics, and for each joined place since when and until when it is proven."""

    def __init__(self, start: datetime) -> None:
        self._topics: dict[str, _Topic] = {}
        self._places: dict[Place, datetime] = {}
        self._proofs: dict[int, datetime] = {}
        self._dropped: list[tuple[datetime, datetime, str]] = []
        self._last = start
        self._running = False

    def take(self, entry: Entry) -> None:
        """Take the next entry."""
        self._take(entry)
        self._last = max(self._last, entry.at)

    def coverage(self, hour: Hour) -> Coverage:
        """Close what is open and sum up, cut to the hour."""
        expected = self._leave_open()
        within = (hour.start, hour.end)
        covered: list[Interval] = []
        gaps: list[Gap] = []
        dropped = [(start, end) for start, end, _ in self._dropped]
        for name, topic in sorted(self._topics.items()):
            topic.release(hour.end)
            wanted = clipped(topic.wanted(dropped), within)
            for start, end, reason in self._gaps(topic, wanted):
                gaps.append(Gap(name, start, end, reason))
            missed = [(gap.start, gap.end) for gap in gaps if gap.topic == name]
            covered += [Interval(name, *span) for span in without(wanted, union(missed))]
        return Coverage(tuple(covered), tuple(gaps), expected)

    def _gaps(self, topic: _Topic, wanted: list[Span]) -> list[tuple[datetime, datetime, str]]:
        gaps: list[tuple[datetime, datetime, str]] = []
        left = wanted
        for start, end, reason in self._dropped:
            gaps += ((*span, reason) for span in clipped(left, (start, end)))
            left = without(left, union([(start, end)]))
        for span in without(left, union(topic.covered)):
            gaps += topic.explained(*span)
        return sorted(gaps)

    def _leave_open(self) -> dict[str, str]:
        """Say why each expected topic is uncovered from here on; a process that is silently gone has died."""
        if self._running:
            self._part_with_all(Reason.PROCESS_DIED)
        return {
            name: max(topic.reasons, key=lambda known: known[0])[1]
            for name, topic in sorted(self._topics.items())
            if topic.expected_since is not None
        }

    def _part_with_all(self, reason: str) -> None:
        """End every place at its last proof; topics without one are without the process from its last entry on."""
        placed = {place.topic for place in self._places}
        for place in list(self._places):
            self._part(place, self._proofs.get(place.connection), reason)
        for name, topic in self._topics.items():
            if topic.expected_since is not None and name not in placed:
                topic.reasons.append((self._last, reason))

    def _part(self, place: Place, proof: datetime | None, reason: str) -> None:
        since = self._places.pop(place)
        until = max(since, proof or since)
        topic = self._topics.setdefault(place.topic, _Topic())
        topic.covered.append((since, until))
        topic.reasons.append((until, reason))

    @singledispatchmethod
    def _take(self, entry: Entry) -> None:
        raise TypeError(f"{type(entry).__name__} is no ledger entry")

    @_take.register
    def _(self, entry: Began) -> None:
        self._running = entry.run is not None
        for name, reason in entry.expected.items():
            self._topics.setdefault(name, _Topic()).expect(entry.at, reason)
        for place in entry.joined:
            self._places[place] = entry.at

    @_take.register
    def _(self, entry: Started) -> None:
        if self._running:
            self._part_with_all(Reason.PROCESS_DIED)
        self._running = True
        self._proofs.clear()
        for name in self._topics.keys() - set(entry.topics):
            self._topics[name].release(entry.at)
        for name in entry.topics:
            self._topics.setdefault(name, _Topic()).expect(entry.at, Reason.CONNECTING)

    @_take.register
    def _(self, entry: Subscribed) -> None:
        self._topics.setdefault(entry.topic, _Topic()).expect(entry.at, Reason.CONNECTING)

    @_take.register
    def _(self, entry: Unsubscribed) -> None:
        topic = self._topics.setdefault(entry.topic, _Topic())
        proven = []
        for place, since in [(place, since) for place, since in self._places.items() if place.topic == entry.topic]:
            proof = self._proofs.get(place.connection)
            proven.append(max(since, proof or since))
            self._part(place, proof, Reason.UNPROVEN)
        # where it was joined, nothing is missed after the last proof but what was dropped, which may be known only
        # later; where it was not, all of it is a gap
        topic.release(entry.at, max(proven, default=None))

    @_take.register
    def _(self, entry: Joined) -> None:
        self._places.setdefault(Place(entry.connection, entry.topic), entry.at)

    @_take.register
    def _(self, entry: Alive) -> None:
        self._proofs[entry.connection] = entry.at

    @_take.register
    def _(self, entry: Lost) -> None:
        for place in list(self._places):
            if place.connection == entry.connection and entry.topic in (None, place.topic):
                self._part(place, entry.proof, entry.reason)

    @_take.register
    def _(self, entry: Retracted) -> None:
        topic = self._topics.setdefault(entry.topic, _Topic())
        topic.covered = [(since, min(until, entry.proof)) for since, until in topic.covered if since < entry.proof]
        topic.reasons.append((entry.proof, entry.reason))

    @_take.register
    def _(self, entry: Failed) -> None:
        for name, topic in self._topics.items():
            if entry.topic in (None, name):
                topic.reasons.append((entry.at, entry.reason))

    @_take.register
    def _(self, entry: Dropped) -> None:
        self._dropped.append((entry.at, entry.until, entry.reason))

    @_take.register
    def _(self, entry: Rates) -> None:
        """Say nothing about coverage."""

    @_take.register
    def _(self, entry: Stopped) -> None:
        self._last = max(self._last, entry.at)
        self._part_with_all(Reason.NOT_RUNNING)
        self._running = False

    @_take.register
    def _(self, entry: Ended) -> None:
        for place in list(self._places):
            self._part(place, max(entry.at, self._proofs.get(place.connection, entry.at)), Reason.PROCESS_DIED)
        self._running = False
