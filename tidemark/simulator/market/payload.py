"""The payload of each happening, as the stream writes it."""

from typing import Any

from tidemark.simulator.market.cast import TRAITS
from tidemark.simulator.market.dialect import Dialect
from tidemark.simulator.market.happening import Changed, Happening, Moved, Placed, Redrawn, Sold
from tidemark.simulator.market.order import Order

Payload = dict[str, Any]


def event_type_of(happening: Happening) -> str:
    """Return the name under which the stream tells of a happening."""
    match happening:
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


def payload_of(happening: Happening, dialect: Dialect) -> Payload:
    """Return the payload that tells of a happening."""
    match happening:
        case Placed():
            return _placed(happening, dialect)
        case Changed(kind="item_cancelled"):
            return _cancelled(happening, dialect)
        case Changed():
            return _invalidated(happening, dialect)
        case Sold():
            return _sold(happening, dialect)
        case Moved():
            return _moved(happening, dialect)
        case Redrawn():
            return _redrawn(happening, dialect)


def _account(address: str | None) -> Payload | None:
    return {"address": address} if address else None


def _item(order: Order, dialect: Dialect) -> Payload:
    """Return the item of an order; the server of 2026 sends some bids without the token's id."""
    if order.token_id is None:
        return {}
    item = dialect.item(order.collection, order.token_id)
    if order.listing or not dialect.modern or order.order_hash[-1] not in "01":
        return item
    return {"chain": item["chain"], "nft_id": item["nft_id"].rpartition("/")[0]}


def _placed(placed: Placed, dialect: Dialect) -> Payload:
    order = placed.order
    payload = {
        "base_price": str(order.price),
        "chain": order.collection.chain.name,
        "collection": {"slug": order.collection.slug},
        "event_timestamp": dialect.moment(placed.at),
        "expiration_date": dialect.moment(order.expires_at),
        "item": _item(order, dialect),
        "maker": _account(order.maker),
        "order_hash": order.order_hash,
        "payment_token": dialect.payment(order.token, placed.at, order.price),
        "protocol_address": dialect.protocol_address if order.protocol_data else None,
        "protocol_data": order.protocol_data,
        "quantity": order.quantity,
        "taker": _account(order.private_to),
    }
    created = dialect.moment(order.created_at)
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


def _cancelled(changed: Changed, dialect: Dialect) -> Payload:
    order = changed.order
    return {
        "base_price": str(order.price),
        "chain": order.collection.chain.name,
        "collection": {"slug": order.collection.slug},
        "event_timestamp": dialect.moment(changed.at),
        "expiration_date": dialect.moment(order.expires_at),
        "is_private": order.private_to is not None,
        "item": _item(order, dialect) or None,
        "listing_date": dialect.moment(order.created_at),
        "listing_type": None,
        "maker": _account(order.maker),
        "order_hash": order.order_hash,
        "payment_token": dialect.payment(order.token, changed.at, order.price),
        "quantity": order.quantity,
        "taker": None,
        "transaction": None,
    }


def _invalidated(changed: Changed, dialect: Dialect) -> Payload:
    chain = changed.order.collection.chain.name
    return {
        "chain": chain if dialect.modern else {"name": chain},
        "collection": {"slug": changed.order.collection.slug},
        "event_timestamp": dialect.moment(changed.at),
        "item": _item(changed.order, dialect) if changed.order.listing else {},
        "order_hash": changed.order.order_hash,
        "protocol_address": dialect.protocol_address,
    }


_SINCE_2023 = ("chain", "listing_type", "protocol_address", "protocol_data", "quantity")


def _sold(sold: Sold, dialect: Dialect) -> Payload:
    """Return a sale; some of the old server's are as plain as in its first year."""
    payload = _sold_in_full(sold, dialect)
    if not dialect.modern and sold.order.listing and sold.quantity == 1 and sold.order.order_hash[-1] in "0123":
        return {name: value for name, value in payload.items() if name not in _SINCE_2023}
    return payload


def _sold_in_full(sold: Sold, dialect: Dialect) -> Payload:
    order = sold.order
    protocol_data = None if sold.elsewhere else order.protocol_data
    return {
        "chain": order.collection.chain.name,
        "closing_date": dialect.moment(sold.at),
        "collection": {"slug": order.collection.slug},
        "event_timestamp": dialect.moment(sold.told_at),
        "is_private": order.private_to is not None,
        "item": dialect.item(order.collection, sold.token_id),
        "listing_type": None,
        "maker": _account(order.maker),
        "order_hash": "" if sold.elsewhere else order.order_hash,
        "payment_token": dialect.payment(order.token, sold.told_at),
        "protocol_address": dialect.protocol_address if protocol_data else None,
        "protocol_data": protocol_data,
        "quantity": sold.quantity,
        "sale_price": str(sold.price),
        "taker": _account(sold.taker),
        "transaction": dialect.transaction(sold.transaction, sold.at),
    }


def _moved(moved: Moved, dialect: Dialect) -> Payload:
    return {
        "chain": moved.collection.chain.name,
        "collection": {"slug": moved.collection.slug},
        "event_timestamp": dialect.moment(moved.at),
        "from_account": _account(moved.source),
        "item": dialect.item(moved.collection, moved.token_id),
        "quantity": moved.quantity,
        "to_account": _account(moved.target),
        "transaction": dialect.transaction(moved.transaction, moved.at),
    }


def _redrawn(redrawn: Redrawn, dialect: Dialect) -> Payload:
    item = dialect.item(redrawn.collection, redrawn.token_id)
    chosen = int(redrawn.at.timestamp())
    traits = [{"trait_type": kind, "value": names[chosen % len(names)]} for kind, names in TRAITS.items()]
    return {"collection": {"slug": redrawn.collection.slug}, "item": item | {"traits": traits}}
