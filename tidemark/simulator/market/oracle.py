"""What a market adds up to, worked out from its events and from who received them, and from nothing that a loader does.

It knows each event as an object, so it need not recognise messages: the same object received twice is one event.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor

from tidemark.simulator.market.chains import ZERO_ADDRESS
from tidemark.simulator.market.market_event import Changed, MarketEvent, Moved, Placed, Sold
from tidemark.simulator.market.order import Order

Place = tuple[datetime, str, str, str | None]  # hour, chain, collection, payment token
Run = tuple[datetime, datetime]
_COUNTS = {
    "item_listed": "listings",
    "item_received_bid": "item_bids",
    "collection_offer": "collection_offers",
    "trait_offer": "trait_offers",
    "item_cancelled": "cancels",
    "order_invalidate": "invalidations",
    "order_revalidate": "revalidations",
}


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

    def open_orders(self, slug: str, at: datetime, runs: list[Run]) -> list[Order]:
        """Return the orders of a collection that are known to be open at a time, in the run that the time is in."""
        run = next((run for run in runs if run[0] < at <= run[1]), None)
        events = [event for event, _ in self._received.values()]
        return [
            event.order
            for event, first in self._received.values()
            if isinstance(event, Placed)
            and _is_booked(event.order)
            and event.order.collection.slug == slug
            and run is not None
            and run[0] <= first < run[1]
            and event.at < at <= event.order.expires_at
            and _is_open(event.order, at, events)
        ]

    def holdings(self, slug: str) -> dict[tuple[str, str], int]:
        """Return how many of each token each wallet holds, by what it was seen to receive and to give away."""
        moves = [
            event for event, _ in self._received.values() if isinstance(event, Moved) and event.collection.slug == slug
        ]
        changes = [(move.at, -move.quantity, move.transaction, move.source, move.token_id) for move in moves]
        changes += [(move.at, move.quantity, move.transaction, move.target, move.token_id) for move in moves]
        held: dict[tuple[str, str], int] = defaultdict(int)
        for _, change, _, wallet, token in sorted(changes, key=lambda each: (each[0], -each[1], each[2])):
            held[token, wallet] = max(0, held[token, wallet] + change)
        return {(token, wallet): count for (token, wallet), count in held.items() if count and wallet != ZERO_ADDRESS}


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


def _is_booked(order: Order) -> bool:
    """Tell whether an order is for anybody, and its cancel can be told from that of a bid."""
    if order.private_to is not None:
        return False
    chain = order.collection.chain
    if order.listing:
        return not (order.token == chain.wrapped and not chain.lists_wrapped and not chain.base58)
    return order.kind == "collection_offer"


def _is_open(order: Order, at: datetime, events: list[MarketEvent]) -> bool:
    """Tell whether nothing that was received had ended an order before a time."""
    own = [
        event for event in events if isinstance(event, Changed | Sold) and event.order.order_hash == order.order_hash
    ]
    if any(event.kind == "item_cancelled" and event.at < at for event in own if isinstance(event, Changed)):
        return False
    fills = {
        event.number: event.quantity for event in own if isinstance(event, Sold) and event.order_hash and event.at < at
    }
    if sum(fills.values()) >= order.quantity:
        return False
    turns = [event for event in own if isinstance(event, Changed) and event.kind != "item_cancelled" and event.at < at]
    last = max(turns, key=lambda event: event.at, default=None)
    return last is None or last.kind == "order_revalidate"


def known(at: datetime, runs: list[Run], known_after: timedelta) -> bool:
    """Tell whether coverage was unbroken for long enough at a time."""
    return any(start + known_after <= at <= end for start, end in runs)
