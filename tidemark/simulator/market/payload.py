"""The payload of each event, as the stream writes it."""

from typing import Any

from tidemark.simulator.market.actors import TRAITS
from tidemark.simulator.market.market_event import Changed, MarketEvent, Moved, Placed, Quirk, Redrawn, Sold
from tidemark.simulator.market.order import Order
from tidemark.simulator.market.wire_version import WireVersion

Payload = dict[str, Any]
UNKNOWN_RATES = (0, "0", "NaN", "n/a", "", None, "0.000000000000000000")
HALF_EMOJI = "\ue0f0"
"""A placeholder for half an emoji, which UTF-8 does not have; replaced when the envelope is encoded."""


def event_type_of(event: MarketEvent) -> str:
    """Return the stream's name for an event."""
    match event:
        case Placed(order=order):
            return order.kind
        case Changed(kind=kind):
            return kind
        case Sold():
            return "item_sold"
        case Moved():
            return "item_transferred"
        case Redrawn():
            return "item_metadata_updated"


def payload_of(event: MarketEvent, version: WireVersion) -> Payload:
    """Return the payload of an event."""
    match event:
        case Placed():
            return _placed(event, version)
        case Changed(kind="item_cancelled"):
            return _cancelled(event, version)
        case Changed():
            return _invalidated(event, version)
        case Sold():
            return _sold(event, version)
        case Moved():
            return _moved(event, version)
        case Redrawn():
            return _redrawn(event, version)


def _account(address: str | None) -> Payload | None:
    return {"address": address} if address else None


def _item(order: Order, version: WireVersion) -> Payload:
    """Return the item of an order; the server of 2026 sends some bids without the token's id."""
    if order.token_id is None:
        return {}
    item = version.item(order.collection, order.token_id)
    if order.listing or not version.modern or order.order_hash[-1] not in "01":
        return item
    return {"chain": item["chain"], "nft_id": item["nft_id"].rpartition("/")[0]}


def _placed(placed: Placed, version: WireVersion) -> Payload:
    order = placed.order
    payload = {
        "base_price": str(order.price),
        "chain": order.collection.chain.name,
        "collection": {"slug": order.collection.slug},
        "event_timestamp": version.timestamp(placed.at),
        "expiration_date": version.timestamp(order.expires_at),
        "item": _item(order, version),
        "maker": _account(order.maker),
        "order_hash": order.order_hash,
        "payment_token": version.payment(order.token, placed.at, order.price),
        "protocol_address": version.protocol_address if order.protocol_data else None,
        "protocol_data": order.protocol_data,
        "quantity": order.quantity,
        "taker": _account(order.private_to),
    }
    created = version.timestamp(order.created_at)
    if order.listing:
        return payload | {"is_private": order.private_to is not None, "listing_date": created, "listing_type": None}
    return payload | {"created_date": created} | _criteria(order)


def _criteria(order: Order) -> Payload:
    """Return what an offer on a whole collection or on a trait adds."""
    if order.token_id is not None:
        return {}
    criteria = {
        "asset_contract_criteria": {"address": order.collection.contract},
        "collection_criteria": {"slug": order.collection.slug},
    }
    if not order.trait:
        return criteria
    kind, name = order.trait
    trait = {"trait_name": name, "trait_type": kind}
    return criteria | {"trait_criteria": trait, "trait_criteria_list": [trait], "numeric_trait_criteria_list": []}


def _cancelled(changed: Changed, version: WireVersion) -> Payload:
    order = changed.order
    return {
        "base_price": str(order.price),
        "chain": order.collection.chain.name,
        "collection": {"slug": order.collection.slug},
        "event_timestamp": version.timestamp(changed.at),
        "expiration_date": version.timestamp(order.expires_at),
        "is_private": order.private_to is not None,
        "item": version.item(order.collection, order.token_id) if order.token_id else None,
        "listing_date": version.timestamp(order.created_at),
        "listing_type": None,
        "maker": _account(order.maker),
        "order_hash": order.order_hash,
        "payment_token": version.payment(order.token, changed.at, order.price),
        "quantity": order.quantity,
        "taker": None,
        "transaction": None,
    }


def _invalidated(changed: Changed, version: WireVersion) -> Payload:
    chain = changed.order.collection.chain.name
    return {
        "chain": chain if version.modern else {"name": chain},
        "collection": {"slug": changed.order.collection.slug},
        "event_timestamp": version.timestamp(changed.at),
        "item": _item(changed.order, version) if changed.order.listing else {},
        "order_hash": changed.order.order_hash,
        "protocol_address": version.protocol_address,
    }


_SINCE_2023 = ("chain", "listing_type", "protocol_address", "protocol_data", "quantity")


def _sold(sold: Sold, version: WireVersion) -> Payload:
    """Return a sale; some of the old server's are as plain as in its first year."""
    payload = _sold_in_full(sold, version)
    if not version.modern and sold.order.listing and sold.quantity == 1 and sold.order.order_hash[-1] in "0123":
        return {name: value for name, value in payload.items() if name not in _SINCE_2023}
    return payload


def _sold_in_full(sold: Sold, version: WireVersion) -> Payload:
    order = sold.order
    protocol_data = None if sold.elsewhere else order.protocol_data
    item = version.item(order.collection, sold.token_id)
    if sold.quirk is Quirk.SURROGATE:
        item["metadata"]["name"] += HALF_EMOJI
    return {
        "chain": order.collection.chain.name,
        "closing_date": version.timestamp(sold.at),
        "collection": {"slug": order.collection.slug},
        "event_timestamp": version.timestamp(sold.event_at),
        "is_private": order.private_to is not None,
        "item": item,
        "listing_type": None,
        "maker": _account(order.maker),
        "order_hash": sold.order_hash,
        "payment_token": _payment(sold, version),
        "protocol_address": version.protocol_address if protocol_data else None,
        "protocol_data": protocol_data,
        "quantity": sold.quantity,
        "sale_price": str(sold.price),
        "taker": _account(sold.taker),
        "transaction": version.transaction(sold.transaction, sold.at),
    }


def _payment(sold: Sold, version: WireVersion) -> Payload:
    payment = version.payment(sold.order.token, sold.event_at)
    if sold.quirk is Quirk.WRONG_DECIMALS:
        return payment | {"decimals": 0}
    if sold.quirk is Quirk.UNKNOWN_RATE:
        drawn = int(sold.order.order_hash[-2:], 16)
        rates = ("eth_price", "usd_price")[drawn % 2 : 2 if drawn % 3 else drawn % 2 + 1]
        return payment | dict.fromkeys(rates, UNKNOWN_RATES[drawn % len(UNKNOWN_RATES)])
    return payment


def _moved(moved: Moved, version: WireVersion) -> Payload:
    return {
        "chain": moved.collection.chain.name,
        "collection": {"slug": moved.collection.slug},
        "event_timestamp": version.timestamp(moved.at),
        "from_account": _account(moved.source),
        "item": version.item(moved.collection, moved.token_id),
        "quantity": moved.quantity,
        "to_account": _account(moved.target),
        "transaction": version.transaction(moved.transaction, moved.at),
    }


def _redrawn(redrawn: Redrawn, version: WireVersion) -> Payload:
    item = version.item(redrawn.collection, redrawn.token_id)
    chosen = int(redrawn.at.timestamp())
    traits = [{"trait_type": kind, "value": names[chosen % len(names)]} for kind, names in TRAITS.items()]
    return {"collection": {"slug": redrawn.collection.slug}, "item": item | {"traits": traits}}
