"""The demo's question: is every sale that any collector received in the warehouse exactly once? Pure.

It trusts no side: the simulator's ledger says what went out to whom, the archived lines what was kept, the manifests
which moments each collector admits to have missed, and the warehouse what was loaded.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tidemark.archive.manifest import Gap
from tidemark.simulator.message import SaleKey


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the simulator wrote to a collector's socket: when, its digest, and the sale it tells of."""

    at: datetime
    digest: str
    sale: SaleKey | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """One collector's account: what it was sent, the digests of what it archived, and the gaps it admits."""

    collector: str
    sent: Sequence[Sent]
    kept: Counter[str]
    gaps: Sequence[Gap]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer and everything that speaks against it.

    `missing`: received, but not in the warehouse. `doubled`: there more than once. `invented`: there, but never sold.
    `unexplained`: messages sent to a collector that neither kept them nor has a gap at that moment. `foreign`: messages
    that a collector archived more often than it was sent them.
    """

    received: int
    in_warehouse: int
    in_gaps: int
    missing: tuple[SaleKey, ...] = ()
    doubled: tuple[SaleKey, ...] = ()
    invented: tuple[SaleKey, ...] = ()
    unexplained: tuple[tuple[str, Sent], ...] = ()
    foreign: int = 0

    @property
    def yes(self) -> bool:
        """True when nothing speaks against it, and there was something to judge."""
        against = self.missing or self.doubled or self.invented or self.unexplained or self.foreign
        return self.received > 0 and not against


def judge(
    accounts: Iterable[Account],
    sold: frozenset[SaleKey],
    warehouse: Counter[SaleKey],
    *,
    until: datetime,
    flight: timedelta,
) -> Verdict:
    """Compare the accounts of all collectors with what was sold and what is in the warehouse.

    `until` is the end of the hours that were archived. `flight` is how long a message may be on its way: one that left
    just before a gap or the end was still received after it.
    """
    accounts = list(accounts)
    received = {each.sale for account in accounts for each in account.sent if each.sale and account.kept[each.digest]}
    dropped = [
        (account, each) for account in accounts for each in _dropped(account, flight) if each.at < until - flight
    ]
    unexplained = [(account.collector, each) for account, each in dropped if not _in_gap(each, account.gaps, flight)]
    return Verdict(
        received=len(received),
        in_warehouse=len(warehouse),
        in_gaps=len(dropped) - len(unexplained),
        missing=tuple(sorted(received - warehouse.keys())),
        doubled=tuple(sorted(sale for sale, times in warehouse.items() if times > 1)),
        invented=tuple(sorted(warehouse.keys() - sold)),
        unexplained=tuple(unexplained),
        foreign=sum(map(_foreign, accounts)),
    )


def _dropped(account: Account, flight: timedelta) -> Iterator[Sent]:
    """Yield what was sent and not kept; of a message sent several times, those first that a gap explains."""
    kept = account.kept.copy()
    for each in sorted(account.sent, key=lambda each: _in_gap(each, account.gaps, flight)):
        kept[each.digest] -= 1
        if kept[each.digest] < 0:
            yield each


def _foreign(account: Account) -> int:
    return (account.kept - Counter(each.digest for each in account.sent)).total()


def _in_gap(sent: Sent, gaps: Sequence[Gap], flight: timedelta) -> bool:
    return any(gap.start - flight <= sent.at < gap.end + flight for gap in gaps)
