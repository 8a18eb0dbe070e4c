"""How things are sold: one at a time, in sweeps, to bidders, in parts, again, in circles, and elsewhere."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from tidemark.simulator.market.book import Book, Live
from tidemark.simulator.market.cast import draw_base58, draw_hash
from tidemark.simulator.market.chains import Chain
from tidemark.simulator.market.desk import Desk
from tidemark.simulator.market.happening import Sold
from tidemark.simulator.market.owners import Owned, Owners

LARGEST_SWEEP = 43
USUAL_SWEEP = 6
MOST_AT_ONCE = 4
BEFORE = timedelta(minutes=10)
WAYS = {"listing": 40, "resale": 12, "ring": 2, "elsewhere": 4, "sweep": 6, "bid": 13, "offer": 13, "edition": 10}


class Sales:
    """Sells what lies on a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rng = desk.rng
        self._owners = Owners(desk.rng, desk.cast)

    def draw(self, told_at: datetime) -> list[Sold]:
        """Let one transaction happen, shortly before the stream tells of it; return its sales, at least one."""
        at = (told_at - timedelta(seconds=self._rng.uniform(1, 22))).replace(microsecond=0)
        way = self._rng.choices(list(WAYS), list(WAYS.values()))[0]
        sales = self._sweep(at) if way == "sweep" else [self._one(way, at)]
        for sold in sales:
            self._owners.note(sold)
        return sales

    def _one(self, way: str, at: datetime) -> Sold:
        """Let a single sale happen."""
        desk, find = self._desk, self._find
        match way:
            case "bid":
                return self._sold(find(desk.bids, desk.bid, at), 1, at)
            case "offer":
                return self._part(desk.offers, find(desk.offers, desk.offer, at), 1, at)
            case "edition":
                most = self._rng.randint(1, MOST_AT_ONCE)
                return self._part(desk.editions, find(desk.editions, desk.list_edition, at), most, at)
            case "resale" if owned := self._owners.seller():
                return self._sold(self._listed_by(owned, at), 1, at)
            case "ring":
                owned, other = self._owners.turn_ring()
                return self._sold(self._listed_by(owned, at), 1, at, other)
            case _:
                live = find(desk.listings, desk.list_item, at)
                return self._sold(live, live.left, at, elsewhere=way == "elsewhere")

    def _find(self, book: Book, make: Callable[[datetime], Live], at: datetime) -> Live:
        """Take a live order, or one that was made before anybody listened."""
        while live := book.take():
            if live.order.created_at <= at < live.order.expires_at:
                return live
        return make(at - BEFORE)

    def _listed_by(self, owned: Owned, at: datetime) -> Live:
        """Let an owner list what they own."""
        live = self._desk.list_item(at - BEFORE, owned.collection)
        live.order = replace(live.order, maker=owned.owner, token_id=owned.token_id, private_to=None)
        return live

    def _sweep(self, at: datetime) -> list[Sold]:
        """Let one buyer take many listings of a collection in one transaction."""
        collection = self._desk.cast.collection()
        taker, transaction = self._desk.cast.wallet(collection.chain), self.transaction(collection.chain)
        size = min(LARGEST_SWEEP, 2 + int(self._rng.expovariate(1 / USUAL_SWEEP)))
        listed = [self._desk.list_item(at - BEFORE, collection) for _ in range(size)]
        return [self._sold(live, live.left, at, taker, transaction) for live in listed]

    def _part(self, book: Book, live: Live, most: int, at: datetime) -> Sold:
        """Fill a part of an order and put back what is left of it."""
        sold = self._sold(live, min(most, live.left), at)
        live.left -= sold.quantity
        if live.left:
            book.add(live)
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
            taker=order.private_to or taker or self._desk.cast.wallet(chain, other_than=order.maker),
            transaction=transaction or self.transaction(chain),
            at=at,
            told_at=at,
            elsewhere=elsewhere,
        )

    def transaction(self, chain: Chain) -> str:
        """Draw the name of a transaction."""
        return draw_base58(self._rng, 88) if chain.base58 else draw_hash(self._rng)
