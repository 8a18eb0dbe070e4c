"""Sales that are hard to tell apart, to read or to believe; each kind was seen in public data."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from tidemark.simulator.market.actors import Collection
from tidemark.simulator.market.market_event import Quirk, Sold
from tidemark.simulator.market.order import Order
from tidemark.simulator.market.order_book import OrderBook

BEFORE = timedelta(minutes=10)
LARGEST_PRICE = 2**256 - 1


class Hard(StrEnum):
    """The kinds, by what is hard about them."""

    SPLIT_SWEEP = "split_sweep"
    RESOLD = "resold"
    DOUBLE_FILL = "double_fill"
    UNKNOWN_RATE = "unknown_rate"
    OUTLIER = "outlier"
    WRONG_DECIMALS = "wrong_decimals"
    SURROGATE = "surrogate"


class HardSales:
    """Draws transactions of hard sales, each kind as often as the others."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book
        self._rng = book.rng

    def draw(self, at: datetime, transaction: str) -> list[Sold]:
        """Return the sales of one transaction."""
        match self._rng.choice(list(Hard)):
            case Hard.SPLIT_SWEEP:
                return self._split_sweep(at, transaction)
            case Hard.RESOLD:
                return self._resold(at, transaction)
            case Hard.DOUBLE_FILL:
                return self._double_fill(at, transaction)
            case Hard.OUTLIER:
                order = replace(self._order(at, self._collection(editions=False)), price=LARGEST_PRICE)
                return [self._sold(order, at, transaction)]
            case kind:
                order = self._order(at, self._collection(editions=False))
                return [replace(self._sold(order, at, transaction), quirk=Quirk(kind.value))]

    def _split_sweep(self, at: datetime, transaction: str) -> list[Sold]:
        """Let one buyer take copies of one token from several sellers, without an order hash."""
        first = self._order(at, self._collection(editions=True))
        taker = self._taker(first)
        orders = [first]
        while len(orders) < self._rng.randint(2, 4):
            other = self._order(at, first.collection)
            if other.maker not in {taker, *(order.maker for order in orders)}:
                orders.append(replace(other, token_id=first.token_id))
        return [replace(self._sold(order, at, transaction), taker=taker, elsewhere=True) for order in orders]

    def _resold(self, at: datetime, transaction: str) -> list[Sold]:
        """Let a token be sold, and sold again by its buyer, without an order hash."""
        first = self._order(at, self._collection(editions=False))
        bought = replace(self._sold(first, at, transaction), elsewhere=True)
        second = replace(self._order(at, first.collection), maker=bought.taker, token_id=first.token_id)
        second = replace(second, token=first.token, price=first.price * self._rng.randint(101, 150) // 100)
        return [bought, replace(self._sold(second, at, transaction), elsewhere=True)]

    def _double_fill(self, at: datetime, transaction: str) -> list[Sold]:
        """Let one order be filled twice in one transaction, by one buyer, with different quantities."""
        order = self._order(at, self._collection(editions=True))
        order = replace(order, quantity=20, price=order.price // order.quantity * 20)
        taker, fewer = self._taker(order), self._rng.randint(1, 6)
        more = fewer + self._rng.randint(1, 6)
        return [
            replace(self._sold(order, at, transaction), taker=taker, quantity=part, price=order.price * part // 20)
            for part in (more, fewer)
        ]

    def _collection(self, *, editions: bool) -> Collection:
        while (found := self._book.actors.collection()).editions != editions or found.chain.base58:
            continue
        return found

    def _order(self, at: datetime, collection: Collection) -> Order:
        return replace(self._book.list_item(at - BEFORE, collection).order, private_to=None)

    def _taker(self, order: Order) -> str:
        return self._book.actors.wallet(order.collection.chain, other_than=order.maker)

    def _sold(self, order: Order, at: datetime, transaction: str) -> Sold:
        token_id = order.token_id or ""
        return Sold(order, token_id, order.quantity, order.price, self._taker(order), transaction, at, at)
