"""The market: an endless, seeded series of messages in the mix of the real stream."""

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from tidemark.core.timestamps import format_timestamp
from tidemark.simulator.market.actors import draw_hash
from tidemark.simulator.market.chains import ZERO_ADDRESS
from tidemark.simulator.market.market_event import Changed, MarketEvent, Moved, Placed, Redrawn, Sold
from tidemark.simulator.market.order_book import Live, OrderBook
from tidemark.simulator.market.payload import HALF_EMOJI, UNKNOWN_RATES, event_type_of, payload_of
from tidemark.simulator.market.sales import Sales
from tidemark.simulator.market.wire_version import Template, WireVersion
from tidemark.simulator.message import Message, SaleFacts, SaleKey

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
TEMPLATE_RATE = 2_000
TEMPLATES = 3_000
MINT_SHARE = 0.4
BURN_SHARE = 0.1
HASHLESS_SHARE = 0.5
_HALF_EMOJI = HALF_EMOJI.encode()
_encode = msgspec.json.Encoder().encode


class Market:
    """Draws messages; the same seed and the same nows give the same messages.

    `sales_share` is the share of sales among all messages, `again_share` the share of sales that are sent again later,
    `hard_share` the share of transactions whose sales are hard to tell apart, to read or to believe.
    """

    def __init__(
        self,
        seed: int,
        *,
        sales_share: float,
        again_share: float = 0.01,
        old_share: float = 0.0,
        hard_share: float = 0.0,
    ) -> None:
        self._rng = Random(seed)
        self._book = OrderBook(self._rng)
        self._sales = Sales(self._book, hard_share)
        self._makers = {
            "item_listed": self._book.list_item,
            "item_received_bid": self._book.bid,
            "collection_offer": self._book.offer,
            "trait_offer": self._book.offer_on_trait,
        }
        self._pending: deque[MarketEvent] = deque()
        self._templates: list[Template] = []
        self._past: deque[Sold] = deque(maxlen=MEMORY)
        self._invalid: deque[Live] = deque(maxlen=MEMORY)
        self._owned: deque[Moved] = deque(maxlen=MEMORY)
        self._sales_share = sales_share
        self._again_share = again_share
        self._old_share = old_share
        self._hard_share = hard_share
        self._published = self._sold = 0

    def next(self, now: datetime) -> Message:
        """Return the next message, sent now; `now` must not step back."""
        self._published += 1
        if not self._pending:
            if self._sold < self._sales_share * self._published:  # a trade is due
                self._trade(now)
            elif self._templates:
                template = self._rng.choice(self._templates)
                return template.fill(now, draw_hash(self._rng).encode())
            else:
                self._pending.append(self._event(now))
        event = self._pending.popleft()
        self._sold += isinstance(event, Sold)
        return self._message(event, now)

    def prepare(self, rate: float, now: datetime) -> None:
        """Get ready for this many messages a second.

        Above `TEMPLATE_RATE`, everything but trades is made from templates: an order is then not cancelled under
        the hash with which it was placed.
        """
        cut = TEMPLATES if rate > TEMPLATE_RATE else 0
        if cut != len(self._templates):
            messages = (self._message(self._event(now), now) for _ in range(cut))
            self._templates = [Template(message) for message in messages]

    def _event(self, now: datetime) -> MarketEvent:
        """Return an event that is no trade."""
        at = now - timedelta(milliseconds=self._rng.uniform(40, 300))
        kind = self._rng.choices(_KINDS, _WEIGHTS)[0]
        if make := self._makers.get(kind):
            live = make(at)
            self._book.keep(live)
            return Placed(live.order, at)
        if kind == "item_transferred":
            return self._moved(at.replace(microsecond=0))
        if kind == "item_metadata_updated":
            collection = self._book.actors.collection()
            return Redrawn(collection, collection.draw_token(self._rng), at)
        return self._changed(kind, at)

    def _changed(self, kind: str, at: datetime) -> Changed:
        """Let an open order be cancelled or become invalid, or an invalid one valid again."""
        if kind == "order_revalidate" and self._invalid:
            live = self._invalid.popleft()
            self._book.keep(live)
        else:
            kind = "order_invalidate" if kind == "order_revalidate" else kind
            pool = self._rng.choices([self._book.bids, self._book.listings, self._book.offers], [90, 6, 4])[0]
            live = pool.take_open(at) or self._book.bid(at)
            if kind == "order_invalidate":
                self._invalid.append(live)
        live.revision += 1
        return Changed(kind, live.order, at, live.revision)

    def _moved(self, at: datetime) -> Moved:
        """Let an item be minted, given away by its owner, or burned."""
        if self._owned and self._rng.random() >= MINT_SHARE:
            self._owned.rotate(self._rng.randrange(len(self._owned)))
            last = self._owned.pop()
            chain = last.collection.chain
            burned = self._rng.random() < BURN_SHARE and not chain.base58
            target = ZERO_ADDRESS if burned else self._book.actors.wallet(chain, other_than=last.target)
            moved = replace(last, source=last.target, target=target, transaction=self._sales.transaction(chain), at=at)
        else:
            while (collection := self._book.actors.collection()).chain.base58:
                continue
            wallet, transaction = self._book.actors.wallet(collection.chain), self._sales.transaction(collection.chain)
            moved = Moved(collection, collection.draw_token(self._rng), 1, ZERO_ADDRESS, wallet, transaction, at)
        if moved.target != ZERO_ADDRESS:
            self._owned.append(moved)
        return moved

    def _trade(self, now: datetime) -> None:
        """Let a transaction happen: its sales, what they moved, and now and then an old sale that is sent again.

        That is later, with other rates, and in a hard market sometimes without a hash.
        """
        sales = self._sales.draw(now)
        again = [sold for sold in self._past if self._rng.random() < self._again_share / MEMORY * len(sales)]
        self._past.extend(sales)
        self._pending.extend([*sales, *map(_transfer, sales)])
        for sold in again:
            hashless = bool(self._hard_share) and self._rng.random() < HASHLESS_SHARE
            self._pending.append(replace(sold, event_at=now, hashless=hashless))

    def _message(self, event: MarketEvent, now: datetime) -> Message:
        version = WireVersion.OLD if self._rng.random() < self._old_share else WireVersion.MODERN
        event_type = event_type_of(event)
        payload = payload_of(event, version)
        envelope = version.envelope(event_type, _revision(event, now), now, payload)
        slug = payload["collection"]["slug"]
        body = _encode(envelope).replace(_HALF_EMOJI, rb"\ud83d")
        facts = _facts(event, payload) if isinstance(event, Sold) else None
        return Message(event_type, slug, body, _sale_key(event), facts=facts, event=event)


def _transfer(sold: Sold) -> Moved:
    """Return the transfer that a sale made."""
    seller, buyer = sold.parties
    return Moved(sold.order.collection, sold.token_id, sold.quantity, seller, buyer, sold.transaction, sold.at)


def _revision(event: MarketEvent, now: datetime) -> int:
    """Return a revision on order events, epoch milliseconds on the others."""
    match event:
        case Placed():
            return 1
        case Changed(revision=revision):
            return revision
        case _:
            return int(now.timestamp() * 1000)


def _sale_key(event: MarketEvent) -> SaleKey | None:
    if not isinstance(event, Sold):
        return None
    collection = event.order.collection
    order_hash = "" if event.elsewhere else event.order.order_hash
    return SaleKey(collection.chain.name, event.transaction, collection.contract, event.token_id, order_hash)


def _facts(sold: Sold, payload: dict[str, Any]) -> SaleFacts:
    """Return what the ledger holds of a sale; `payload` is how the stream reports it."""
    order, payment = sold.order, payload["payment_token"]
    eth_rate, usd_rate = (
        None if (rate := payment[f"{unit}_price"]) in UNKNOWN_RATES else rate for unit in ("eth", "usd")
    )
    seller, buyer = sold.parties
    shown = payload.get("protocol_data") is not None
    return SaleFacts(
        number=sold.number,
        sold_at=format_timestamp(sold.at),
        quantity=sold.quantity,
        price_raw=str(sold.price),
        payment_token=order.token.symbol,
        payment_token_address=order.token.address,
        decimals=payment["decimals"],
        eth_rate=eth_rate,
        usd_rate=usd_rate,
        seller=seller,
        buyer=buyer,
        maker=order.maker,
        taker=sold.taker,
        is_private=order.private_to is not None,
        elsewhere=sold.elsewhere,
        editions=order.collection.editions,
        order_quantity=order.quantity,
        fees={recipient: str(amount) for recipient, amount in order.fees.items()} if shown else {},
        nft_name=payload["item"]["metadata"]["name"].replace(HALF_EMOJI, "\ufffd"),
        quirk=sold.quirk,
    )
