"""The shapes of every known event: a sale in full, the others only as far as shows that they are whole.

A field without a default was on every message of its kind that has been seen; where it is missing, the message was
cut. Any of them may be null. A debugger's `[Object]` in the place of an object shows that it was elided. Looking no
deeper keeps the millions of orders that pass for each thousand sales cheap. An event that is not listed here is
counted all the same.
"""

from typing import Any, Union

from msgspec import Raw, Struct, defstruct

from tidemark.loader.transform.stream import ItemSold


class Whole(Struct, gc=False):
    """Any object; its being there is enough."""


class Item(Struct, gc=False):
    """An item: often empty, sometimes without its token id."""

    chain: Whole | None = None
    metadata: Whole | None = None


class Token(Struct, gc=False):
    """A payment token."""

    address: Raw


class Order(Struct, gc=False):
    """The signed order (Seaport)."""

    offer: Raw


class ProtocolData(Struct, gc=False):
    """The order as its protocol has it."""

    parameters: Order | None = None


class Placed(Struct, gc=False):
    """The payload of an order that was placed or cancelled."""

    collection: Whole | None
    item: Item | None
    maker: Whole | None
    order_hash: Raw
    payment_token: Token | None
    protocol_data: ProtocolData | None = None


class Revised(Struct, gc=False):
    """The payload of an order that became invalid, or valid again."""

    chain: Raw
    collection: Whole | None
    event_timestamp: Raw
    order_hash: Raw
    protocol_address: Raw


class Transferred(Struct, gc=False):
    """The payload of a transfer or mint."""

    collection: Whole | None
    event_timestamp: Raw
    from_account: Whole | None
    item: Item | None
    to_account: Whole | None
    transaction: Whole | None


class Described(Struct, gc=False):
    """The payload of an update of an item's metadata, which has neither a time nor a chain."""

    collection: Whole | None
    item: Item | None


PAYLOADS: dict[str, type[Struct]] = {
    "collection_offer": Placed,
    "item_cancelled": Placed,
    "item_listed": Placed,
    "item_metadata_updated": Described,
    "item_received_bid": Placed,
    "item_received_offer": Placed,
    "item_transferred": Transferred,
    "order_invalidate": Revised,
    "order_revalidate": Revised,
    "trait_offer": Placed,
}


def _event(name: str, payload: type[Struct]) -> type[Struct]:
    shape: Any = payload | None
    return defstruct(name, [("payload", shape)], tag=name, tag_field="event_type", gc=False)


EVENTS: dict[str, type[Struct]] = {
    "item_sold": ItemSold,
    **{name: _event(name, payload) for name, payload in PAYLOADS.items()},
}
AnyEvent: Any = Union[tuple(EVENTS.values())]  # noqa: UP007
