"""The demo's question: is every sale that any collector received in the warehouse exactly once? Pure.

Each source is checked against the others: the simulator's ledger holds what was sent to which collector, the archived
lines what was persisted, the manifests the gaps that each collector reports, and the warehouse what was loaded.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tidemark.archive.manifest import Gap
from tidemark.simulator.message import SaleKey


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the simulator wrote to a collector's socket: when, its digest, and the sale in it, if any."""

    at: datetime
    digest: str
    sale: SaleKey | None = None


@dataclass(frozen=True, slots=True)
class CollectorRecord:
    """What one collector was sent, the digests of what it archived, and the gaps that it reports."""

    collector: str
    sent: Sequence[Sent]
    archived: Counter[str]
    gaps: Sequence[Gap]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The answer, and every difference that was found.

    `missing`: received, but not in the warehouse. `duplicated`: there more than once. `never_sold`: there, but never
    sold. `unexplained`: messages sent to a collector that neither archived them nor has a gap at that time.
    `never_sent`: the number of messages that a collector archived more often than they were sent to it.
    """

    received: int
    in_warehouse: int
    in_gaps: int
    missing: tuple[SaleKey, ...] = ()
    duplicated: tuple[SaleKey, ...] = ()
    never_sold: tuple[SaleKey, ...] = ()
    unexplained: tuple[tuple[str, Sent], ...] = ()
    never_sent: int = 0

    @property
    def matches(self) -> bool:
        """True when there is no difference and at least one sale was received."""
        differs = self.missing or self.duplicated or self.never_sold or self.unexplained or self.never_sent
        return self.received > 0 and not differs


def reconcile(
    records: Iterable[CollectorRecord],
    sold: frozenset[SaleKey],
    warehouse: Counter[SaleKey],
    *,
    until: datetime,
    flight: timedelta,
) -> Reconciliation:
    """Compare the records of all collectors with what was sold and what is in the warehouse.

    `until` is the end of the hours that were archived. `flight` is how long a message may be on its way: one that was
    sent just before a gap or the end may have been received after it.
    """
    records = list(records)
    received = {each.sale for record in records for each in record.sent if each.sale and record.archived[each.digest]}
    dropped = [(record, each) for record in records for each in _dropped(record, flight) if each.at < until - flight]
    unexplained = [(record.collector, each) for record, each in dropped if not _in_gap(each, record.gaps, flight)]
    return Reconciliation(
        received=len(received),
        in_warehouse=len(warehouse),
        in_gaps=len(dropped) - len(unexplained),
        missing=tuple(sorted(received - warehouse.keys())),
        duplicated=tuple(sorted(sale for sale, times in warehouse.items() if times > 1)),
        never_sold=tuple(sorted(warehouse.keys() - sold)),
        unexplained=tuple(unexplained),
        never_sent=sum((each.archived - Counter(one.digest for one in each.sent)).total() for each in records),
    )


def _dropped(record: CollectorRecord, flight: timedelta) -> Iterator[Sent]:
    """Yield what was sent and not archived; of a message sent several times, first the one that a gap explains."""
    archived = record.archived.copy()
    for each in sorted(record.sent, key=lambda each: _in_gap(each, record.gaps, flight)):
        archived[each.digest] -= 1
        if archived[each.digest] < 0:
            yield each


def _in_gap(sent: Sent, gaps: Sequence[Gap], flight: timedelta) -> bool:
    return any(gap.start - flight <= sent.at < gap.end + flight for gap in gaps)
