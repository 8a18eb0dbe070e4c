"""A sale: one NFT sold in one order fill, with exactly those columns of `core.sale` that its message decides."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec


class SoldAtSource(StrEnum):
    """Which field of the message `sold_at` was taken from; the first that is there, in this order."""

    TRANSACTION = "transaction"
    CLOSING = "closing"
    EVENT = "event"


class Side(StrEnum):
    """What was filled: a listing (the maker sells) or an offer (the maker buys)."""

    LISTING = "listing"
    OFFER = "offer"
    UNKNOWN = "unknown"


class SideSource(StrEnum):
    """What the side was read from."""

    ORDER = "order"
    PAYMENT_TOKEN = "payment_token"  # noqa: S105
    EVENTS_API = "events_api"
    NONE = "none"


class Source(StrEnum):
    """Where the sale was seen."""

    STREAM = "stream"
    EVENTS_API = "events_api"


class FeeKind(StrEnum):
    """Who a fee is for: the marketplace, or the creator whose royalty it is."""

    MARKETPLACE = "marketplace"
    ROYALTY = "royalty"


class Fee(msgspec.Struct, frozen=True):
    """What one recipient other than the seller gets of the price, in base units of the payment token."""

    kind: FeeKind
    recipient: str
    amount_raw: int


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """One NFT sold in one order fill. Times are aware and UTC; None is unknown, never zero or empty.

    Amounts: `price_raw`, `marketplace_fee_raw` and `royalty_raw` are base units of the payment token for the whole
    fill; `price` is the total in whole tokens and `unit_price` that of one of `quantity`, None where the quotient
    has no end. `usd_rate` and `eth_rate` are the worth of one whole token at the sale;
    `price_usd` and `price_eth` are their exact products with `price`.
    """

    sale_uid: UUID
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
    price: Decimal | None
    unit_price: Decimal | None
    usd_rate: Decimal | None
    eth_rate: Decimal | None
    price_usd: Decimal | None
    price_eth: Decimal | None
    marketplace_fee_raw: int | None
    royalty_raw: int | None
    fees: tuple[Fee, ...] | None
    is_private: bool | None
    is_replayed: bool
    source: Source
