"""The shape of the stream's `item_sold`.

A field without a default was on every sale that has been seen; where it is missing, the message was cut. `Raw` is a
number or a time, read later (see `number` and `moment`). An unknown field is no fault: servers add them.
"""

from msgspec import Raw, Struct

ABSENT = Raw(b"")


class Named(Struct, gc=False):
    """A chain written as an object."""

    name: str


class Account(Struct, gc=False):
    """A wallet."""

    address: str | None


class Collection(Struct, gc=False):
    """A collection."""

    slug: str


class Metadata(Struct, gc=False):
    """What an NFT says of itself; whatever its creator wrote."""

    name: Raw = ABSENT


class SoldItem(Struct, gc=False):
    """The NFT of a sale; `nft_id` is `<chain>/<contract>/<token_id>`."""

    nft_id: str
    chain: Named | str | None = None
    metadata: Metadata | None = None


class Transaction(Struct, gc=False):
    """The transaction of a sale."""

    hash: str
    timestamp: Raw = ABSENT


class PaymentToken(Struct, gc=False):
    """What was paid with. On a sale the two prices are the worth of one whole token."""

    address: str | None
    decimals: Raw
    symbol: str | None
    eth_price: Raw = ABSENT
    usd_price: Raw = ABSENT


class OrderItem(Struct, gc=False, rename="camel"):
    """One thing that an order offers or asks for (Seaport)."""

    item_type: Raw
    start_amount: Raw
    end_amount: Raw
    recipient: str | None = None


class Order(Struct, gc=False):
    """The signed order (Seaport): what its maker, the offerer, gives, and what each recipient is to get for it."""

    offer: list[OrderItem]
    consideration: list[OrderItem]
    offerer: str | None = None


class ProtocolData(Struct, gc=False):
    """The order as its protocol has it."""

    parameters: Order | None = None


class Sold(Struct, gc=False):
    """The payload of an `item_sold`. `order_hash` may be absent or empty, `taker` null."""

    item: SoldItem
    collection: Collection
    transaction: Transaction
    maker: Account | None
    taker: Account | None
    sale_price: Raw
    payment_token: PaymentToken | None
    event_timestamp: Raw
    closing_date: Raw = ABSENT
    chain: Named | str | None = None
    quantity: Raw = ABSENT
    order_hash: str | None = None
    is_private: bool | None = None
    protocol_data: ProtocolData | None = None


class ItemSold(Struct, gc=False, tag="item_sold", tag_field="event_type"):
    """An NFT was sold."""

    payload: Sold
    sent_at: Raw = ABSENT
