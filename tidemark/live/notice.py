"""What is worth a message: a sale above a price, a sweep, a gap. Pure: time is an argument, in seconds."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from collector.status import Status
from tidemark.live.market import MarketEvent, price_of, safe

_QUIET = 2.0  # seconds without another sale after which a sweep is complete
_SHORTEST_GAP = 1.0  # seconds
_MOST_SWEEPS = 10_000  # transactions watched at once


@dataclass(frozen=True, slots=True)
class Notice:
    """One message: its kind (sale, sweep or gap), and its text on one line, safe to print."""

    kind: str
    text: str


@dataclass(slots=True)
class _Purchases:
    seen: float
    first: MarketEvent
    count: int = 0
    eth: Decimal = Decimal(0)
    unknown: int = 0  # how many have no price in ETH

    @property
    def amount(self) -> str:
        """For how much, as far as it is known."""
        if not self.unknown:
            return f" for {self.eth:,.4f} ETH"
        without = f"{self.unknown:,} without a rate to ETH"
        return f" for at least {self.eth:,.4f} ETH ({without})" if self.unknown < self.count else ""


@dataclass(slots=True)
class MarketWatch:
    """Finds sales of at least `sale_eth` and transactions in which one buyer bought at least `sweep` NFTs.

    None turns a rule off. A sweep is reported when its transaction has brought nothing more for two seconds.
    """

    sale_eth: Decimal | None
    sweep: int | None
    _open: dict[tuple[str, str, str], _Purchases] = field(default_factory=dict)

    @property
    def waiting(self) -> bool:
        """Whether a transaction is not yet known to be complete."""
        return bool(self._open)

    def take(self, event: MarketEvent, now: float) -> Iterator[Notice]:
        """Take an event and yield what it is worth at once."""
        if event.type != "item_sold":
            return
        if self.sale_eth is not None and event.price_eth is not None and event.price_eth >= self.sale_eth:
            dollars = f" ({event.price_usd:,.2f} USD)" if event.price_usd is not None else ""
            nft = f"{safe(event.nft)} of {safe(event.collection) or 'no collection'}"
            yield Notice("sale", f"Sale: {nft} for {price_of(event)}{dollars}, {event.received_at:%H:%M:%S} UTC")
        if self.sweep is not None and event.buyer and event.transaction and len(self._open) < _MOST_SWEEPS:
            key = (event.chain, event.transaction, event.buyer)
            purchases = self._open.setdefault(key, _Purchases(now, event))
            purchases.seen = now
            purchases.count += 1
            purchases.eth += event.price_eth or 0
            purchases.unknown += event.price_eth is None

    def due(self, now: float) -> Iterator[Notice]:
        """Yield the sweeps that are complete."""
        for key in [key for key, each in self._open.items() if now - each.seen >= _QUIET]:
            each = self._open.pop(key)
            if self.sweep is not None and each.count >= self.sweep:
                _, transaction, buyer = key
                what = f"{each.count} NFTs{each.amount}, {safe(each.first.collection) or 'no collection'}"
                yield Notice("sweep", f"Sweep: {what}, by {safe(buyer, 44)} in {safe(transaction, 68)}")


class GapState(msgspec.Struct, frozen=True):
    """What a look leaves to the next: since when a gap is reported, and the collector's start and gaps at that look."""

    reported: float | None = None
    started_at: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class GapWatch:
    """Finds gaps of this collector: now open, and shorter ones that began and ended between two looks."""

    state: GapState = field(default_factory=GapState)

    def look(self, status: Status | None, now: float) -> Iterator[Notice]:
        """Compare the collector's status, None where none answers, with that of the last look."""
        before = self.state
        if status:
            self.state = GapState(before.reported, status.started_at, sum(status.gap_seconds.values()))
        is_new = before.started_at not in ("", self.state.started_at)
        grown = self.state.seconds - (0.0 if is_new else before.seconds) if before.started_at else 0.0
        open_now = ["the collector does not run or does not answer"] if status is None else list(status.troubles)
        if open_now and before.reported is None:
            self.state = replace(self.state, reported=now)
            more = f", and {len(open_now) - 1} more" if len(open_now) > 1 else ""
            yield Notice("gap", f"Gap: {safe(open_now[0], 120)}{more}")
        elif not open_now and before.reported is not None:
            self.state = replace(self.state, reported=None)
            yield Notice("gap", f"Recording again after about {now - before.reported:,.0f} s")
        elif not open_now and is_new:
            yield Notice("gap", f"Gap, over: the collector was started again at {safe(self.state.started_at[:19])} UTC,"
                                f" and {grown:,.1f} s since then are not covered")  # fmt: skip
        elif not open_now and grown >= _SHORTEST_GAP:
            reasons = ", ".join(sorted(status.gap_seconds)) if status else ""
            yield Notice("gap", f"Gap of {grown:,.1f} s, over; reasons since the start: {safe(reasons, 120)}")


class Limiter:
    """At most `most` messages a minute; others are counted and reported in one message when there is room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sent: deque[float] = deque()
        self._held: dict[str, int] = {}
        self._last: Notice | None = None

    @property
    def holding(self) -> bool:
        """Whether anything was held back and is not reported yet."""
        return bool(self._held)

    def pass_on(self, notice: Notice, now: float) -> Notice | None:
        """Return the notice if it may be sent now; otherwise it is held back."""
        if not self._held and self._has_room(now, self._most - 1):  # the last place is the summary's
            self._sent.append(now)
            return notice
        self._held[notice.kind] = self._held.get(notice.kind, 0) + 1
        self._last = notice
        return None

    def summary(self, now: float) -> Notice | None:
        """Return one notice about all that was held back, once there is room for it."""
        if not self._held or self._last is None or not self._has_room(now, self._most):
            return None
        counts = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(self._held.items()))
        self._held.clear()
        self._sent.append(now)
        return Notice("summary", f"Held back, more than {self._most} a minute: {counts}. The last: {self._last.text}")

    def _has_room(self, now: float, most: int) -> bool:
        while self._sent and now - self._sent[0] >= 60:  # noqa: PLR2004 - a minute
            self._sent.popleft()
        return len(self._sent) < max(most, 1)
