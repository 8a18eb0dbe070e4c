"""How things are sold: one at a time, in sweeps, to bidders, in parts, again, in circles, and elsewhere."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import NamedTuple

from tidemark.simulator.market.actors import Actors, Collection, draw_base58, draw_hash
from tidemark.simulator.market.chains import Chain
from tidemark.simulator.market.hard_sales import HardSales
from tidemark.simulator.market.market_event import Sold
from tidemark.simulator.market.order_book import Live, OrderBook, OrderPool

LARGEST_SWEEP = 43
USUAL_SWEEP = 6
MOST_AT_ONCE = 4
BEFORE = timedelta(minutes=10)
WAYS = {"listing": 40, "resale": 12, "ring": 2, "elsewhere": 4, "sweep": 6, "bid": 13, "offer": 13, "edition": 10}

REMEMBERED = 400
RINGS = 5


class Owned(NamedTuple):
    """An item and its owner."""

    collection: Collection
    token_id: str
    owner: str


class Owners:
    """The latest buyers, and rings of two wallets in one hand that sell an item back and forth."""

    def __init__(self, rng: Random, actors: Actors) -> None:
        self._rng = rng
        self._bought: deque[Owned] = deque(maxlen=REMEMBERED)
        single = [collection for collection in actors.collections if not collection.editions]
        traded = (rng.choice(single) for _ in range(RINGS))
        self._rings = [
            (Owned(each, each.draw_token(rng), actors.wallet(each.chain)), actors.bidder(each.chain)) for each in traded
        ]

    def note(self, sold: Sold) -> None:
        """Remember the buyer of a single item."""
        order = sold.order
        if not order.collection.editions:
            buyer = sold.taker if order.listing else order.maker
            self._bought.append(Owned(order.collection, sold.token_id, buyer))

    def seller(self) -> Owned | None:
        """Return what one of the latest buyers sells again; None when no item was bought yet."""
        if not self._bought:
            return None
        self._bought.rotate(self._rng.randrange(len(self._bought)))
        return self._bought.pop()

    def turn_ring(self) -> tuple[Owned, str]:
        """Return what a ring sells now and to whom; next time it goes the other way."""
        place = self._rng.randrange(RINGS)
        owned, other = self._rings[place]
        self._rings[place] = owned._replace(owner=other), owned.owner
        return owned, other


class Sales:
    """Sells what lies on a book."""

    def __init__(self, book: OrderBook, hard_share: float = 0.0) -> None:
        self._book = book
        self._rng = book.rng
        self._owners = Owners(book.rng, book.actors)
        self._hard_sales = HardSales(book)
        self._hard_share = hard_share
        self._numbers = count(1)

    def draw(self, event_at: datetime) -> list[Sold]:
        """Let one transaction happen, shortly before the stream reports it; return its sales, at least one."""
        at = (event_at - timedelta(seconds=self._rng.uniform(1, 22))).replace(microsecond=0)
        if self._hard_share and self._rng.random() < self._hard_share:
            sales = self._hard_sales.draw(at, draw_hash(self._rng))
        else:
            way = self._rng.choices(list(WAYS), list(WAYS.values()))[0]
            sales = self._sweep(at) if way == "sweep" else [self._one(way, at)]
            for sold in sales:
                self._owners.note(sold)
        return [replace(sold, number=next(self._numbers)) for sold in sales]

    def _one(self, way: str, at: datetime) -> Sold:
        """Let a single sale happen."""
        book = self._book
        match way:
            case "bid":
                return self._sold(self._find(book.bids, book.bid, at), 1, at)
            case "offer":
                return self._part(book.offers, self._find(book.offers, book.offer, at), 1, at)
            case "edition":
                most = self._rng.randint(1, MOST_AT_ONCE)
                return self._part(book.editions, self._find(book.editions, book.list_edition, at), most, at)
            case "resale" if owned := self._owners.seller():
                return self._sold(self._listed_by(owned, at), 1, at)
            case "ring":
                owned, other = self._owners.turn_ring()
                return self._sold(self._listed_by(owned, at), 1, at, other)
            case _:
                live = self._find(book.listings, book.list_item, at)
                return self._sold(live, live.left, at, elsewhere=way == "elsewhere")

    def _find(self, pool: OrderPool, make: Callable[[datetime], Live], at: datetime) -> Live:
        """Take a live order, or one that was made before anybody listened."""
        return pool.take_open(at) or make(at - BEFORE)

    def _listed_by(self, owned: Owned, at: datetime) -> Live:
        """Let an owner list what they own."""
        live = self._book.list_item(at - BEFORE, owned.collection)
        live.order = replace(live.order, maker=owned.owner, token_id=owned.token_id, private_to=None)
        return live

    def _sweep(self, at: datetime) -> list[Sold]:
        """Let one buyer take many listings of a collection in one transaction."""
        collection = self._book.actors.collection()
        taker, transaction = self._book.actors.wallet(collection.chain), self.transaction(collection.chain)
        size = min(LARGEST_SWEEP, 2 + int(self._rng.expovariate(1 / USUAL_SWEEP)))
        listed = [self._book.list_item(at - BEFORE, collection) for _ in range(size)]
        return [self._sold(live, live.left, at, taker, transaction) for live in listed]

    def _part(self, pool: OrderPool, live: Live, most: int, at: datetime) -> Sold:
        """Fill a part of an order and put back what is left of it."""
        sold = self._sold(live, min(most, live.left), at)
        live.left -= sold.quantity
        if live.left:
            pool.add(live)
        return sold

    def _sold(
        self,
        live: Live,
        quantity: int,
        at: datetime,
        taker: str | None = None,
        transaction: str | None = None,
        *,
        elsewhere: bool = False,
    ) -> Sold:
        order, chain = live.order, live.order.collection.chain
        return Sold(
            order=order,
            token_id=order.token_id or order.collection.draw_token(self._rng),
            quantity=quantity,
            price=order.price * quantity // order.quantity,
            taker=order.private_to or taker or self._book.actors.wallet(chain, other_than=order.maker),
            transaction=transaction or self.transaction(chain),
            at=at,
            event_at=at,
            elsewhere=elsewhere,
        )

    def transaction(self, chain: Chain) -> str:
        """Draw the name of a transaction."""
        return draw_base58(self._rng, 88) if chain.base58 else draw_hash(self._rng)
