"""Record lines of a market, as a collector writes them."""

import json
from datetime import UTC, datetime
from decimal import Decimal

from tests.loader.transform.messages import line_of, sold
from tidemark.archive.record import read_record, record_line
from tidemark.live.market import MarketEvent

AT = datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC)


def sale_line(wei: int = 10**18, transaction: str = "0xt", name: str = "Cat") -> bytes:
    """A sale, of the real shape, at a price in ETH."""
    message = sold(
        sale_price=str(wei), transaction={"hash": transaction, "timestamp": "2026-11-22T15:04:00.000000+00:00"}
    )
    message["payload"]["item"]["metadata"]["name"] = name
    return line_of(message)


def received_again(line: bytes, topic: str = "collection:*") -> bytes:
    """The same message a moment later, by another connection."""
    return record_line("2026-11-22T15:04:06.000000Z", topic, bytes(read_record(line).message))


def listing_line(number: int) -> bytes:
    return line_of({"event_type": "item_listed", "payload": {"number": number}})


def sale(eth: str | None = "1", transaction: str = "0xt", buyer: str = "0xb", kind: str = "item_sold") -> MarketEvent:
    price = None if eth is None else Decimal(eth)
    return MarketEvent(received_at=AT, type=kind, collection="cats", chain="ethereum", nft="Cat #1", price=price,
                       token="ETH", price_eth=price, price_usd=None if price is None else price * 2000, buyer=buyer,
                       transaction=transaction)  # fmt: skip


def numbers(lines: list[bytes]) -> list[int]:
    return [json.loads(line)["message"]["payload"]["number"] for line in lines]
