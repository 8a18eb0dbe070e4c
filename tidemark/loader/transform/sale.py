"""A sale: one NFT sold in one order fill.

Each source reads its messages into `Facts`, what a message states. `sale_of` derives the rest, in one place: a `Sale`
has exactly those columns of `core.sale` that its message decides. Prices in whole tokens are worked out when they are
asked for: the warehouse does not store them.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from tidemark.loader.transform.identity import Nft
from tidemark.loader.transform.order import Fee, Side, Terms, fees_of, side_by_payment
from tidemark.loader.transform.outcome import Reason, UnfitError
from tidemark.loader.transform.values import AHEAD, REPLAYED_AFTER, in_tokens, product, quotient


class SoldAtSource(StrEnum):
    """Which field of the message `sold_at` was taken from; the first plausible one, in this order."""

    TRANSACTION = "transaction"
    CLOSING = "closing"
    EVENT = "event"


class SideSource(StrEnum):
    """What the side was read from."""

    ORDER = "order"
    PAYMENT_TOKEN = "payment_token"  # noqa: S105
    EVENTS_API = "events_api"
    NONE = "none"


class Source(StrEnum):
    """Where the sale was observed."""

    STREAM = "stream"
    EVENTS_API = "events_api"


# looked up once, as in `order`
_LISTING, _OFFER, _UNKNOWN = Side
_BY_TRANSACTION, _BY_CLOSING, _BY_EVENT = SoldAtSource
_BY_ORDER, _BY_PAYMENT, _BY_EVENTS_API, _BY_NOTHING = SideSource
_STREAM, _EVENTS_API = Source


class Facts(Struct, frozen=True, gc=False):
    """What a message states of a sale; None is what it does not state. Times are UTC, amounts base units.

    The stream names maker and taker, the Events API seller and buyer. `unreadable` names the fields whose values could
    not be read and are None for that reason.
    """

    source: Source
    received_at: datetime
    sent_at: datetime | None
    closing_at: datetime | None
    event_at: datetime | None
    nft: Nft
    nft_name: str | None
    token_standard: str | None
    collection_slug: str | None
    transaction_hash: str
    order_hash: str | None
    quantity: int | None
    price_raw: int | None
    payment_token_address: str | None
    payment_token_symbol: str | None
    payment_token_decimals: int | None
    transaction_at: datetime | None = None
    maker: str | None = None
    taker: str | None = None
    terms: Terms | None = None
    usd_rate: Decimal | None = None
    eth_rate: Decimal | None = None
    is_private: bool | None = None
    unreadable: tuple[str, ...] = ()
    seller: str | None = None
    buyer: str | None = None


class Sale(Struct, frozen=True, gc=False):
    """One NFT sold in one order fill. Times are aware and UTC; None is unknown, never zero or empty.

    `price_raw` is in base units of the payment token for the whole fill; `usd_rate` and `eth_rate` are the worth of one
    whole token at the sale.
    """

    sold_at: datetime
    sold_at_source: SoldAtSource
    event_at: datetime | None
    sent_at: datetime | None
    received_at: datetime
    chain: str
    transaction_hash: str
    order_hash: str | None
    collection_slug: str | None
    contract_address: str
    token_id: str
    nft_name: str | None
    token_standard: str | None
    maker: str | None
    taker: str | None
    seller: str | None
    buyer: str | None
    side: Side
    side_source: SideSource
    quantity: int | None
    price_raw: int | None
    payment_token_address: str | None
    payment_token_symbol: str | None
    payment_token_decimals: int | None
    usd_rate: Decimal | None
    eth_rate: Decimal | None
    fees: tuple[Fee, ...] | None
    is_private: bool | None
    is_replayed: bool
    source: Source

    @property
    def price(self) -> Decimal | None:
        """The total in whole tokens."""
        return in_tokens(self.price_raw, self.payment_token_decimals)

    @property
    def unit_price(self) -> Decimal | None:
        """The price of one of `quantity`; None where the quotient has no end."""
        return quotient(self.price, self.quantity)

    @property
    def price_usd(self) -> Decimal | None:
        """The exact product of `price` and `usd_rate`."""
        return product(self.price, self.usd_rate)

    @property
    def price_eth(self) -> Decimal | None:
        """The exact product of `price` and `eth_rate`."""
        return product(self.price, self.eth_rate)


def sale_of(facts: Facts) -> Sale:
    """Derive a sale from what its message states. Raises UnfitError where it states no time that can be true."""
    sold_at, sold_at_source = _sold_at(facts)
    side, side_source = _side(facts)
    maker, taker, seller, buyer = _parties(facts, side)
    return Sale(  # by position, as in `stream`
        sold_at,
        sold_at_source,
        facts.event_at,
        facts.sent_at,
        facts.received_at,
        facts.nft.chain,
        facts.transaction_hash,
        facts.order_hash,
        facts.collection_slug,
        facts.nft.contract,
        facts.nft.token_id,
        facts.nft_name,
        facts.token_standard,
        maker,
        taker,
        seller,
        buyer,
        side,
        side_source,
        facts.quantity,
        facts.price_raw,
        facts.payment_token_address,
        facts.payment_token_symbol,
        facts.payment_token_decimals,
        facts.usd_rate,
        facts.eth_rate,
        fees_of(facts.terms, facts.quantity, facts.price_raw) if facts.terms else None,
        facts.is_private,
        facts.source is _STREAM and (facts.sent_at or facts.received_at) - sold_at > REPLAYED_AFTER,
        facts.source,
    )


def _sold_at(facts: Facts) -> tuple[datetime, SoldAtSource]:
    """Return when it was sold; a time of more than a day after the message was received is passed over."""
    latest = facts.received_at + AHEAD
    if facts.transaction_at and facts.transaction_at <= latest:
        return facts.transaction_at, _BY_TRANSACTION
    if facts.closing_at and facts.closing_at <= latest:
        return facts.closing_at, _BY_CLOSING
    if facts.event_at and facts.event_at <= latest:
        return facts.event_at, _BY_EVENT
    if ahead := facts.transaction_at or facts.closing_at or facts.event_at:
        raise UnfitError(Reason.OUT_OF_RANGE, f"sold at {ahead}, but received at {facts.received_at}")
    reason = Reason.MALFORMED if facts.unreadable else Reason.CUT
    raise UnfitError(reason, "the sale has no time: neither transaction, closing_date nor event_timestamp")


def _side(facts: Facts) -> tuple[Side, SideSource]:
    """Return the side; a sale that the Events API lists without an order was made elsewhere, by other rules."""
    if facts.terms and facts.terms.side is not _UNKNOWN:
        return facts.terms.side, _BY_ORDER
    listed = facts.source is _EVENTS_API
    if not listed or facts.order_hash:
        side = side_by_payment(facts.nft.chain, facts.payment_token_address)
        if side is not _UNKNOWN:
            return side, _BY_PAYMENT
    return _UNKNOWN, _BY_EVENTS_API if listed else _BY_NOTHING


def _parties(facts: Facts, side: Side) -> tuple[str | None, str | None, str | None, str | None]:
    """Return maker, taker, seller and buyer; a source names two of them, and the others follow from the side."""
    if facts.source is _STREAM:
        return facts.maker, facts.taker, *_by_side(side, facts.maker, facts.taker)
    return *_by_side(side, facts.seller, facts.buyer), facts.seller, facts.buyer


def _by_side(side: Side, one: str | None, other: str | None) -> tuple[str | None, str | None]:
    """Turn maker and taker into seller and buyer, or back: who made the order sells in a listing, buys in an offer."""
    if side is _LISTING:
        return one, other
    return (other, one) if side is _OFFER else (None, None)
