"""The shapes of every known event: a sale in full, the others as far as the market's counts and books need.

A field without a default was on every message of its kind that has been seen; where it is missing, the message was
cut. Any of them may be null. A debugger's `[Object]` in the place of an object shows that it was elided. Looking no
deeper keeps the millions of orders that pass for each thousand sales cheap. An event that is not listed here is
counted all the same.
"""

from typing import Any, Union

from msgspec import Raw, Struct, defstruct

from tidemark.loader.transform.order import ABSENT
from tidemark.loader.transform.stream import Account, Collection, ItemSold, Named


class Whole(Struct, gc=False):
    """Any object; its being there is enough."""


class Item(Struct, gc=False):
    """An item: often empty, sometimes without its token id."""

    chain: Whole | None = None
    metadata: Whole | None = None
    nft_id: str | None = None


class Token(Struct, gc=False):
    """A payment token."""

    address: str | None
    decimals: Raw = ABSENT
    symbol: str | None = None


class Order(Struct, gc=False):
    """The signed order (Seaport)."""

    offer: Raw


class ProtocolData(Struct, gc=False):
    """The order as its protocol has it."""

    parameters: Order | None = None


class Bid(Struct, gc=False, kw_only=True):
    """The payload of a bid on one item; `base_price` is for all of `quantity`, in base units."""

    collection: Collection | None
    item: Item | None
    maker: Whole | None
    order_hash: str | None
    payment_token: Token | None
    protocol_data: ProtocolData | None = None
    base_price: str | int | None = None
    chain: str | Named | None = None
    quantity: int | str | None = None


class Placed(Bid, gc=False, kw_only=True):
    """The payload of a listing, or of an offer on a collection or a trait: what a book of orders needs as well."""

    maker: Account | None  # type: ignore[assignment]
    event_timestamp: Raw = ABSENT
    expiration_date: Raw = ABSENT
    is_private: bool | None = None
    listing_type: str | None = None
    taker: Account | None = None


class Cancelled(Bid, gc=False, kw_only=True):
    """The payload of an order that its maker cancelled."""

    event_timestamp: Raw = ABSENT


class Revised(Struct, gc=False):
    """The payload of an order that became invalid, or valid again."""

    chain: str | Named | None
    collection: Collection | None
    event_timestamp: Raw
    order_hash: str | None
    protocol_address: Raw


class Mined(Struct, gc=False):
    """The transaction of a transfer."""

    hash: str | None = None
    timestamp: Raw = ABSENT


class Transferred(Struct, gc=False, kw_only=True):
    """The payload of a transfer; from the zero address it is a mint, to it a burn."""

    collection: Collection | None
    event_timestamp: Raw
    from_account: Account | None
    item: Item | None
    to_account: Account | None
    transaction: Mined | None
    chain: str | Named | None = None
    quantity: int | str | None = None


class Described(Struct, gc=False):
    """The payload of an update of an item's metadata, which has neither a time nor a chain."""

    collection: Whole | None
    item: Item | None


PAYLOADS: dict[str, type[Struct]] = {
    "collection_offer": Placed,
    "item_cancelled": Cancelled,
    "item_listed": Placed,
    "item_metadata_updated": Described,
    "item_received_bid": Bid,
    "item_received_offer": Bid,
    "item_transferred": Transferred,
    "order_invalidate": Revised,
    "order_revalidate": Revised,
    "trait_offer": Placed,
}


def _event(name: str, payload: type[Struct]) -> type[Struct]:
    shape: Any = payload | None
    fields: list[Any] = [("payload", shape), ("sent_at", Raw, ABSENT)]
    return defstruct(name, fields, tag=name, tag_field="event_type", gc=False)


EVENTS: dict[str, type[Struct]] = {
    "item_sold": ItemSold,
    **{name: _event(name, payload) for name, payload in PAYLOADS.items()},
}
AnyEvent: Any = Union[tuple(EVENTS.values())]  # noqa: UP007
