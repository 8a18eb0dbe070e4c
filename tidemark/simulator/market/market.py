"""The market: an endless, seeded series of messages in the mix of the real stream."""

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import msgspec

from tidemark.simulator.market.cast import draw_hash
from tidemark.simulator.market.chains import ZERO_ADDRESS
from tidemark.simulator.market.desk import Desk
from tidemark.simulator.market.dialect import Dialect
from tidemark.simulator.market.happening import Changed, Happening, Moved, Placed, Redrawn, Sold
from tidemark.simulator.market.payload import event_type_of, payload_of
from tidemark.simulator.market.sales import Sales
from tidemark.simulator.market.stencil import Stencil
from tidemark.simulator.message import Message, SaleKey

MIX = {
    "item_received_bid": 455,
    "item_cancelled": 420,
    "order_invalidate": 30,
    "collection_offer": 30,
    "item_listed": 30,
    "item_transferred": 15,
    "trait_offer": 10,
    "item_metadata_updated": 8,
    "order_revalidate": 2,
}
_KINDS, _WEIGHTS = list(MIX), list(MIX.values())
MEMORY = 500
THINKING_RATE = 2_000
STENCILS = 3_000
MINT_SHARE = 0.4
_encode = msgspec.json.Encoder().encode


class Market:
    """Draws messages; the same seed and the same moments give the same messages.

    `sales_share` is the share of sales among all messages, `again_share` that of sales that the stream tells of again.
    """

    def __init__(self, seed: int, *, sales_share: float, again_share: float = 0.01, old_share: float = 0.0) -> None:
        self._rng = Random(seed)
        self._desk = Desk(self._rng)
        self._sales = Sales(self._desk)
        self._makers = {
            "item_listed": self._desk.list_item,
            "item_received_bid": self._desk.bid,
            "collection_offer": self._desk.offer,
            "trait_offer": self._desk.offer_on_trait,
        }
        self._pending: deque[Happening] = deque()
        self._stencils: list[Stencil] = []
        self._past: deque[Sold] = deque(maxlen=MEMORY)
        self._sales_share = sales_share
        self._again_share = again_share
        self._old_share = old_share
        self._told = self._told_sales = 0

    def next(self, moment: datetime) -> Message:
        """Return the next message, sent at a moment that must not step back."""
        self._told += 1
        if not self._pending:
            if self._trade_is_due():
                self._pending.extend(self._trade(moment))
            elif self._stencils:
                stencil = self._rng.choice(self._stencils)
                return stencil.fill(moment, draw_hash(self._rng).encode())
            else:
                self._pending.append(self._happening(moment))
        happening = self._pending.popleft()
        self._told_sales += isinstance(happening, Sold)
        return self._message(happening, moment)

    def prepare(self, rate: float, moment: datetime) -> None:
        """Get ready for so many messages a second.

        Above `THINKING_RATE`, all but trades is told from stencils: an order is then not cancelled under the hash
        that it was made under; everything else stays as it is.
        """
        cut = STENCILS if rate > THINKING_RATE else 0
        if cut != len(self._stencils):
            messages = (self._message(self._happening(moment), moment) for _ in range(cut))
            self._stencils = [Stencil(message) for message in messages]

    def _trade_is_due(self) -> bool:
        return self._told_sales < self._sales_share * self._told

    def _happening(self, moment: datetime) -> Happening:
        """Let something happen that is no trade."""
        at = moment - timedelta(milliseconds=self._rng.uniform(40, 300))
        kind = self._rng.choices(_KINDS, _WEIGHTS)[0]
        if make := self._makers.get(kind):
            live = make(at)
            self._desk.keep(live)
            return Placed(live.order, at)
        if kind == "item_transferred":
            return self._moved(at.replace(microsecond=0))
        if kind == "item_metadata_updated":
            collection = self._desk.cast.collection()
            return Redrawn(collection, collection.draw_token(self._rng), at)
        return self._changed(kind, at)

    def _changed(self, kind: str, at: datetime) -> Changed:
        """Let an order be cancelled or become invalid; after a revalidation it is on the desk again."""
        book = self._rng.choices([self._desk.bids, self._desk.listings, self._desk.offers], [90, 6, 4])[0]
        live = book.take() or self._desk.bid(at)
        live.revision += 1
        if kind == "order_revalidate":
            self._desk.keep(live)
        return Changed(kind, live.order, at, live.revision)

    def _moved(self, at: datetime) -> Moved:
        """Let an item be given away, or minted."""
        collection = self._desk.cast.collection()
        chain = collection.chain
        source = ZERO_ADDRESS if self._rng.random() < MINT_SHARE and not chain.base58 else self._desk.cast.wallet(chain)
        transaction = self._sales.transaction(chain)
        token_id = collection.draw_token(self._rng)
        return Moved(collection, token_id, 1, source, self._desk.cast.wallet(chain), transaction, at)

    def _trade(self, moment: datetime) -> list[Happening]:
        """Let a transaction happen: its sales, what they moved, and now and then an old sale told again."""
        sales = self._sales.draw(moment)
        again = [sold for sold in self._past if self._rng.random() < self._again_share / MEMORY * len(sales)]
        self._past.extend(sales)
        return [*sales, *map(_transfer, sales), *(replace(sold, told_at=moment) for sold in again)]

    def _message(self, happening: Happening, moment: datetime) -> Message:
        dialect = Dialect.OLD if self._rng.random() < self._old_share else Dialect.MODERN
        event_type = event_type_of(happening)
        payload = payload_of(happening, dialect)
        envelope = dialect.envelope(event_type, _version(happening, moment), moment, payload)
        slug = payload["collection"]["slug"]
        return Message(event_type, slug, _encode(envelope), _sale_key(happening))


def _transfer(sold: Sold) -> Moved:
    """Return the transfer that a sale made."""
    order = sold.order
    seller, buyer = (order.maker, sold.taker) if order.listing else (sold.taker, order.maker)
    return Moved(order.collection, sold.token_id, sold.quantity, seller, buyer, sold.transaction, sold.at)


def _version(happening: Happening, moment: datetime) -> int:
    """Return a revision on order events, epoch milliseconds on the others."""
    match happening:
        case Placed():
            return 1
        case Changed(revision=revision):
            return revision
        case _:
            return int(moment.timestamp() * 1000)


def _sale_key(happening: Happening) -> SaleKey | None:
    if not isinstance(happening, Sold):
        return None
    collection = happening.order.collection
    order_hash = "" if happening.elsewhere else happening.order.order_hash
    return SaleKey(collection.chain.name, happening.transaction, collection.contract, happening.token_id, order_hash)
