"""A message of the stream in the shape that the Events API gives it."""

import json
from datetime import UTC, datetime
from typing import Any

from tidemark.simulator.market.chains import ZERO_ADDRESS
from tidemark.simulator.message import Message

REMEMBERED = {"item_sold": "sale", "item_transferred": "transfer", "item_listed": "listing"}
"""What the Events API knows. Bids and offers, nearly all of the stream, are not kept: no client asks for them."""
_ERC20, _ERC1155, _ERC1155_CRITERIA = 1, 3, 5
Event = dict[str, Any]


def seconds(text: str) -> int:
    """Return the epoch seconds of a time in the stream's form, rounded down."""
    at = datetime.fromisoformat(text)
    return int(at.replace(tzinfo=at.tzinfo or UTC).timestamp())


def event_of(message: Message) -> Event:
    """Return the Events API's object for a message of a remembered type.

    Raises KeyError, TypeError, AttributeError or ValueError where a recording cut what it needs.
    """
    envelope = json.loads(message.body)
    payload: Event = envelope["payload"] if "event_type" in envelope else envelope["payload"]["payload"]
    chain = payload.get("chain") or payload["item"]["chain"]["name"]
    about = {"chain": "polygon" if chain == "matic" else chain, "event_timestamp": seconds(payload["event_timestamp"])}
    match message.event_type:
        case "item_sold":
            return {"event_type": "sale"} | about | _sale(payload)
        case "item_transferred":
            minted = payload["from_account"]["address"] == ZERO_ADDRESS
            return {"event_type": "mint" if minted else "transfer"} | about | _transfer(payload)
        case _:
            return {"event_type": "order", "order_type": "listing"} | about | _listing(payload)


def _sale(payload: Event) -> Event:
    maker, taker = payload["maker"]["address"], payload["taker"]["address"]
    maker_buys = any(item["itemType"] == _ERC20 for item in _offered(payload)[:1])
    seller, buyer = (taker, maker) if maker_buys else (maker, taker)
    return {
        "buyer": buyer,
        "closing_date": seconds(payload["closing_date"]),
        "nft": _nft(payload),
        "order_hash": payload.get("order_hash") or "",
        "payment": _payment(payload["payment_token"], payload["sale_price"]),
        "protocol_address": payload.get("protocol_address") or "",
        "quantity": payload.get("quantity", 1),
        "seller": seller,
        "transaction": payload["transaction"]["hash"],
    }


def _transfer(payload: Event) -> Event:
    return {
        "from_address": payload["from_account"]["address"],
        "nft": _nft(payload),
        "quantity": payload.get("quantity", 1),
        "to_address": payload["to_account"]["address"],
        "transaction": payload["transaction"]["hash"],
    }


def _listing(payload: Event) -> Event:
    return {
        "asset": _nft(payload),
        "criteria": None,
        "expiration_date": seconds(payload["expiration_date"]),
        "is_private_listing": payload["is_private"],
        "maker": payload["maker"]["address"],
        "order_hash": payload["order_hash"],
        "payment": _payment(payload["payment_token"], payload["base_price"]),
        "protocol_address": payload.get("protocol_address") or "",
        "quantity": payload["quantity"],
        "start_date": seconds(payload["listing_date"]),
        "taker": "",
    }


def _offered(payload: Event) -> list[Event]:
    """Return the items that an order offers and asks for, the offered first; none where the order is not shown."""
    parameters = (payload.get("protocol_data") or {}).get("parameters", {})
    return [*parameters.get("offer", []), *parameters.get("consideration", [])]


def _payment(token: Event, amount: str) -> Event:
    named = {"decimals": token["decimals"], "symbol": token["symbol"], "token_address": token["address"]}
    return named | {"quantity": amount}


def _nft(payload: Event) -> Event:
    item = payload["item"]
    _, contract, identifier = item["nft_id"].split("/")
    editions = any(part["itemType"] in {_ERC1155, _ERC1155_CRITERIA} for part in _offered(payload))
    image = item["metadata"]["image_url"]
    return {
        "collection": payload["collection"]["slug"],
        "contract": contract,
        "description": "",
        "display_animation_url": None,
        "display_image_url": image,
        "identifier": identifier,
        "image_url": image,
        "is_disabled": False,
        "is_nsfw": False,
        "metadata_url": item["metadata"].get("metadata_url"),
        "name": item["metadata"]["name"] or "",
        "opensea_url": item["permalink"],
        "token_standard": "erc1155" if editions else "erc721",
        "updated_at": payload["event_timestamp"].removesuffix("Z").removesuffix("+00:00"),
    }
