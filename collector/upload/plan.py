"""What is due: a pure function of the names in the spool, of the time, and of whether a collector is at work."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from tidemark.archive.names import SegmentName
from tidemark.core.clock import EARLIEST
from tidemark.core.hour import Hour, hours

MOST_EMPTY = 1000  # hours without a file: six weeks in which a machine was off, or a clock that was wrong once


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The names in a spool, by state.

    `open_hours` are those of files that are still being written. `uploaded` segments and `committed` hours (those
    whose manifest is in the archive) were read back from it. Segments of other hours that were uploaded to another
    place than the settings name now are `elsewhere`: a manifest could not name them.
    """

    open_hours: frozenset[Hour] = frozenset()
    sealed: frozenset[SegmentName] = frozenset()
    ledgers: frozenset[Hour] = frozenset()
    uploaded: frozenset[SegmentName] = frozenset()
    elsewhere: frozenset[SegmentName] = frozenset()
    committed: frozenset[Hour] = frozenset()

    @property
    def known(self) -> frozenset[Hour]:
        """Every hour of which the spool holds anything that is not being written."""
        return self.ledgers | self.committed | {name.hour for name in self.sealed}

    @property
    def waiting(self) -> frozenset[SegmentName]:
        """The segments that the archive does not have yet."""
        return self.sealed - self.uploaded


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do, oldest first.

    `late` segments belong to an hour whose manifest is already in the archive; they cannot become part of it. Those
    that are `elsewhere` are no longer in the spool, either: their hours cannot be committed. After the hour `jump` so
    many hours have no file that none without one is committed, nor anything that a clock which was not set has dated.
    """

    segments: tuple[SegmentName, ...]
    hours: tuple[Hour, ...]
    late: tuple[SegmentName, ...]
    elsewhere: tuple[SegmentName, ...] = ()
    jump: Hour | None = None

    def of(self, hour: Hour) -> tuple[SegmentName, ...]:
        """Return the segments of an hour that are to be uploaded."""
        return tuple(name for name in self.segments if name.hour == hour)


def plan(listing: Listing, *, now: datetime, live: bool) -> Plan:
    """Return what is to be uploaded and which hours are to be committed.

    `now` must have been read before it was found out whether a collector is `live`: a collector that starts later
    writes nothing into an hour that had ended by then.
    """
    segments = tuple(sorted(name for name in listing.waiting if name.hour not in listing.committed))
    due = _hours_due(listing, now, live=live)
    jump = _jump(listing, due)
    if jump:
        segments = tuple(name for name in segments if name.hour.start >= EARLIEST)
        due = tuple(hour for hour in due if hour in listing.known and hour.start >= EARLIEST)
    return Plan(
        segments=segments,
        hours=due,
        late=tuple(sorted(name for name in listing.waiting if name.hour in listing.committed)),
        elsewhere=tuple(sorted(listing.elsewhere - listing.sealed)),
        jump=jump,
    )


def _jump(listing: Listing, due: tuple[Hour, ...]) -> Hour | None:
    """Return the hour after which most hours without a file come, where there are too many of them to be believed."""
    if len(due) - len(listing.known.intersection(due)) <= MOST_EMPTY:
        return None
    found = sorted(listing.known | {due[-1].next()})
    return max(pairwise(found), key=lambda pair: pair[1].start - pair[0].start)[0]


def _hours_due(listing: Listing, now: datetime, *, live: bool) -> tuple[Hour, ...]:
    """Return every finished hour since the first known one that is not committed, also those without any file."""
    if not listing.known:
        return ()
    first = min(listing.known)
    last = Hour.of(now).previous()
    if live:  # it has the ledger of its own hour open, by its own clock; with none open yet, nothing is certain
        last = min(last, min(listing.open_hours).previous()) if listing.open_hours else first.previous()
    return tuple(hour for hour in hours(first, last) if hour not in listing.committed)


@dataclass(frozen=True, kw_only=True)
class Deletions:
    """Files that the spool no longer needs."""

    segments: tuple[SegmentName, ...]
    ledgers: tuple[Hour, ...]
    manifests: tuple[Hour, ...]


def deletions(listing: Listing, *, now: datetime, retention: timedelta) -> Deletions:
    """Return what may go: files of committed hours that ended longer ago than `retention`.

    The last hour before an uncommitted one keeps its ledger and manifest: they say where to go on.
    """
    settled = {hour for hour in listing.committed if hour.end + retention <= now}
    complete = listing.committed - {name.hour for name in listing.waiting}
    since_first_known = hours(min(listing.known), max(complete)) if complete else ()
    closed = settled.intersection(list(takewhile(complete.__contains__, since_first_known))[:-1])
    return Deletions(
        segments=tuple(sorted(name for name in listing.uploaded if name.hour in settled)),
        ledgers=tuple(sorted(listing.ledgers & closed)),
        manifests=tuple(sorted(closed)),
    )
