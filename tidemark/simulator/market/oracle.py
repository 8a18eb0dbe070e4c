"""What a market adds up to, worked out from its events and from who received them, and from nothing that a loader does.

It knows each event as an object, so it need not recognise messages: the same object received twice is one event.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import takewhile
from math import ceil, floor
from typing import NamedTuple

from tidemark.simulator.market.chains import ZERO_ADDRESS
from tidemark.simulator.market.market_event import Changed, MarketEvent, Moved, Placed, Sold
from tidemark.simulator.market.order import Order

Place = tuple[datetime, str, str, str | None]  # hour, chain, collection, payment token
Run = tuple[datetime, datetime]
_End = tuple[datetime, str, int, int]  # when, what, units, number of the sale
_COUNTS = {
    "item_listed": "listings",
    "item_received_bid": "item_bids",
    "collection_offer": "collection_offers",
    "trait_offer": "trait_offers",
    "item_cancelled": "cancels",
    "order_invalidate": "invalidations",
    "order_revalidate": "revalidations",
}


_SOLD_SOME = "a sale that does not say of how many, or of which order"  # sorts before what else befell it in its second
BLOCK = timedelta(seconds=15)  # how long before an order's placing the block may begin that has its sale
_REASONS = {
    "item_cancelled": "cancelled",
    "order_invalidate": "invalidated",
    "sold": "partly sold",
    _SOLD_SOME: "unknown",
}
_FINAL = frozenset({"item_cancelled", "expired", "unknown", _SOLD_SOME})


class OpenInterval(NamedTuple):
    """A time in which an order is known to have been open, with `units` left of it.

    `possible_to` says until when it may have been open after it, None where it was not.
    """

    order: Order
    placed_at: datetime
    start: datetime
    end: datetime
    left: int
    ended_by: str
    outcome: str
    possible_to: datetime | None

    @property
    def unit_price(self) -> int:
        """The price of one in base units, rounded up for a buyer and down for a seller."""
        price = Fraction(self.order.price, self.order.quantity)
        return ceil(price) if self.order.listing else floor(price)

    @property
    def coin(self) -> str:
        """The payment token, or the chain's own coin for its wrapped form."""
        chain, token = self.order.collection.chain, self.order.token
        return (
            ZERO_ADDRESS if token == chain.wrapped and not chain.lists_wrapped and not chain.base58 else token.address
        )


@dataclass(slots=True)
class Figures:
    """What one hour, chain, collection and payment token add up to. Prices are of one, exact, in base units."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    prices: dict[str, list[Fraction]] = field(default_factory=lambda: defaultdict(list))
    listers: set[str] = field(default_factory=set)
    receivers: set[str] = field(default_factory=set)

    @property
    def lowest_listing(self) -> int | None:
        """The lowest price of a public listing, rounded up to what can be paid."""
        return ceil(min(self.prices["listings"])) if self.prices["listings"] else None

    def best(self, kind: str) -> int | None:
        """Return the highest price of the bids of a kind, rounded down."""
        return floor(max(self.prices[kind])) if self.prices[kind] else None


class Oracle:
    """Is told which events were received, and when the first collector received each."""

    def __init__(self) -> None:
        self._received: dict[int, tuple[MarketEvent, datetime]] = {}

    def receive(self, event: MarketEvent, at: datetime) -> None:
        """Note that a collector received an event."""
        _, first = self._received.get(id(event), (event, at))
        self._received[id(event)] = event, min(first, at)

    def hourly(self) -> dict[Place, Figures]:
        """Return the figures of every hour, chain, collection and payment token with events."""
        cells: dict[Place, Figures] = defaultdict(Figures)
        for event, at in self._received.values():
            hour = at.replace(minute=0, second=0, microsecond=0)
            match event:
                case Placed(order=order):
                    _count_placed(cells[_place(hour, order)], order)
                case Changed(kind="item_cancelled", order=order):
                    cells[_place(hour, order)].counts["cancels"] += 1
                case Changed(kind=kind, order=order):
                    cells[(*_place(hour, order)[:3], None)].counts[_COUNTS[kind]] += 1
                case Moved(collection=collection):
                    _count_moved(cells[hour, collection.chain.api_name, collection.slug, None], event)
                case _:
                    pass
        return dict(cells)

    def intervals(self, slug: str, runs: list[Run]) -> list[OpenInterval]:
        """Return when the orders of a collection are known to have been open, in the unbroken runs of the coverage.

        An order that was never open has one interval without a length.
        """
        ends = self._ends()
        return [
            interval
            for event, first in self._received.values()
            if isinstance(event, Placed) and event.order.collection.slug == slug and _is_booked(event.order)
            for run in runs
            if run[0] <= first < run[1]
            for interval in _life(event, run, ends[event.order.order_hash])
        ]

    def _ends(self) -> dict[str, list[_End]]:
        """Return what befell each order: when, what, and how many units that took at least.

        A sale of 0 units did not say of how many. One without an order hash may be of any order of its parties.
        """
        placed = [event for event, _ in self._received.values() if isinstance(event, Placed)]
        ends: dict[str, set[_End]] = defaultdict(set)
        for event, _ in self._received.values():
            match event:
                case Changed(kind=kind, order=order, at=at):
                    ends[order.order_hash].add((at, kind, 0, 0))
                case Sold(order_hash="", at=at, number=number):
                    for each in placed:
                        if _can_be_of(event, each):
                            ends[each.order.order_hash].add((at, _SOLD_SOME, 0, number))
                case Sold(order_hash=order_hash, order=order, at=at, quantity=quantity, number=number):
                    what = "sold" if quantity or order.quantity == 1 else _SOLD_SOME
                    ends[order_hash].add((at, what, quantity or 1, number))
                case _:
                    pass
        return defaultdict(list, {order_hash: list(each) for order_hash, each in ends.items()})

    def moves(self) -> list[Moved]:
        """Return every transfer, mint and burn."""
        return [event for event, _ in self._received.values() if isinstance(event, Moved)]

    def holdings(self, slug: str) -> dict[tuple[str, str], tuple[int, datetime]]:
        """Return how many of each token each wallet holds, by what it was seen to receive and to give away.

        Beside that: when it last received some.
        """
        moves = [move for move in self.moves() if move.collection.slug == slug]
        changes = [(move.at, -move.quantity, move.transaction, move.source, move.token_id) for move in moves]
        changes += [(move.at, move.quantity, move.transaction, move.target, move.token_id) for move in moves]
        held: dict[tuple[str, str], int] = defaultdict(int)
        since: dict[tuple[str, str], datetime] = {}
        for at, change, _, wallet, token in sorted(changes, key=lambda each: (each[0], -each[1], each[2])):
            held[token, wallet] = max(0, held[token, wallet] + change)
            if change > 0:
                since[token, wallet] = at
        return {key: (count, since[key]) for key, count in held.items() if count and key[1] != ZERO_ADDRESS}


def _place(hour: datetime, order: Order) -> Place:
    return hour, order.collection.chain.api_name, order.collection.slug, order.token.address


def _count_placed(figures: Figures, order: Order) -> None:
    kind = _COUNTS[order.kind]
    figures.counts[kind] += 1
    if order.listing:
        figures.listers.add(order.maker)
    if order.private_to is None:
        figures.prices[kind].append(Fraction(order.price, order.quantity))


def _count_moved(figures: Figures, moved: Moved) -> None:
    if moved.source == ZERO_ADDRESS:
        figures.counts["mints"] += 1
    elif moved.target == ZERO_ADDRESS:
        figures.counts["burns"] += 1
        return
    else:
        figures.counts["transfers"] += 1
    figures.receivers.add(moved.target)


def _can_be_of(sold: Sold, placed: Placed) -> bool:
    """Tell whether a sale that names no order can have filled this one."""
    order = placed.order
    return (
        order.collection == sold.order.collection
        and (order.token_id == sold.token_id or not order.listing)
        and order.maker in sold.parties
        and sold.at >= placed.at - BLOCK
    )


def _is_booked(order: Order) -> bool:
    """Tell whether an order is for anybody, and its cancel can be told from that of a bid."""
    if order.private_to is not None:
        return False
    chain = order.collection.chain
    if order.listing:
        return not (order.token == chain.wrapped and not chain.lists_wrapped and not chain.base58)
    return order.kind == "collection_offer"


def _life(placed: Placed, run: Run, ends: list[_End]) -> list[OpenInterval]:
    """Follow an order from its placing, through what befell it, to its end or to the end of the run."""
    order, start, left = placed.order, max(placed.at, run[0]), placed.order.quantity
    since: datetime | None = start
    found, reason = [], "unknown"
    for at, what, units, _ in sorted([*ends, (order.expires_at, "expired", 0, 0), (run[1], "unknown", 0, 0)]):
        is_sold_out = units > 0 and _sold_by(at, ends) >= order.quantity
        if what == "order_revalidate":
            since = max(at, start)
        elif since is not None:
            reason = "sold" if is_sold_out else _REASONS.get(what, what)
            if since < at:
                found.append((since, at, left, reason))
            since = None if what == "order_invalidate" else max(at, start)
        left -= units
        if is_sold_out or what in _FINAL:
            break
    found = found or [(start, start, order.quantity, reason)]
    outcome = found[-1][3]
    if any(what == "item_cancelled" for _, what, *_ in ends):
        outcome = "cancelled"
    if sum(units for _, _, units, _ in ends) >= order.quantity:
        outcome = "sold"
    intervals = [OpenInterval(order, placed.at, *each, outcome, None) for each in found]
    return [*intervals[:-1], intervals[-1]._replace(possible_to=_possible_to(order, run, ends))]


def _possible_to(order: Order, run: Run, ends: list[_End]) -> datetime | None:
    """Return when an order ended at the latest of which a sale did not say how many units it left."""
    certain = [at for at, what, *_ in ends if what == "item_cancelled"]
    not_taken_back = takewhile(lambda end: end[1] != "order_revalidate", sorted(ends, reverse=True))
    certain += [at for at, what, *_ in not_taken_back if what == "order_invalidate"]
    certain += [at for at, _, units, _ in ends if units and _sold_by(at, ends) >= order.quantity]
    end = min([order.expires_at, run[1], *certain])
    return end if any(what == _SOLD_SOME and at < end for at, what, *_ in ends) else None


def _sold_by(until: datetime, ends: list[_End]) -> int:
    """Return how many units were sold at least."""
    return sum(units for at, _, units, _ in ends if at <= until)


def known(at: datetime, runs: list[Run], known_after: timedelta) -> bool:
    """Tell whether coverage was unbroken for long enough at a time."""
    return any(start + known_after <= at <= end for start, end in runs)
