"""A market small enough to be counted by hand, written into the warehouse as a load writes it."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Connection, text

from tidemark.core.hour import Hour
from tidemark.loader.marts import MARTS, refresh_days
from tidemark.storage.postgres import connected

Sale = dict[str, Any]
Stretch = tuple[str, datetime, datetime]

ETH = ("0x0000000000000000000000000000000000000000", "ETH", 18, Decimal(2000), Decimal(1))
WETH = ("0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2", "WETH", 18, Decimal(2000), Decimal(1))
USDC = ("0x833589fcd6edb6e08f4c7c32d4f71b54bda02913", "USDC", 6, Decimal(1), Decimal("0.0005"))
SOL_UNRATED = ("11111111111111111111111111111111", "SOL", 9, None, None)
ETH_UNRATED = (*ETH[:3], None, None)
REPAIRED = {"source": "events_api", "seen_by": ("events-api-1",)}

_INSERT_SALE = """
INSERT INTO core.sale SELECT sale.* FROM jsonb_populate_record(NULL::core.sale, CAST(:row AS jsonb)) AS sale
"""
_INSERT_SIGHTING = """
INSERT INTO core.sale_sighting (sale_uid, source_hour, collector, observations, first_received_at)
VALUES (:sale_uid, :hour, :collector, 1, :received_at)
"""
_INSERT_COVERAGE = "INSERT INTO ops.coverage VALUES (:hour, :collector, 'collection:*', :from_at, :to_at)"
_INSERT_CHANGED = """
INSERT INTO changed
VALUES (:chain, :collection_slug, date_trunc('hour', CAST(:sold_at AS timestamptz), 'UTC'), :source_hour)
"""
_CHANGED = """
CREATE TEMP TABLE changed (
    chain text, collection_slug text, sold_hour timestamptz, source_hour timestamptz
) ON COMMIT DROP;
CREATE TEMP TABLE silent_topic (source_hour timestamptz, collector text, topic text) ON COMMIT DROP;
CREATE TEMP TABLE leaving (LIKE core.sale) ON COMMIT DROP
"""


def at(moment: str) -> datetime:
    """Read `20T10:05` as a time of November 2026, and `12-01T10:05` as one of December."""
    month_and_day = moment if "-" in moment else f"11-{moment}"
    return datetime.strptime(f"2026-{month_and_day}", "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)


def sale(
    sold_at: str,
    name: str,
    seller: str | None,
    buyer: str | None,
    price: str | None,
    *,
    paid: tuple[Any, ...] = ETH,
    **other: Any,
) -> Sale:
    """Return a row of core.sale; `name` is `collection/token id`.

    It was sent 3 s after it was sold, received 1 s later, and loaded 60 s after it was sold.
    """
    collection, token_id = name.split("/")
    moment = at(sold_at)
    address, symbol, decimals, usd_rate, eth_rate = paid
    side, quantity = other.get("side", "listing"), other.get("quantity", 1)
    amount = None if price is None else Decimal(price)
    row: Sale = {
        "fill": 1, "payload_hash": 0, "sold_at": moment, "sold_at_source": "transaction", "event_at": moment,
        "sent_at": moment + timedelta(seconds=3), "received_at": moment + timedelta(seconds=4),
        "loaded_at": moment + timedelta(seconds=60), "source_hour": Hour.of(moment + timedelta(seconds=4)).start,
        "chain": "ethereum", "transaction_hash": f"0xt{sold_at}{name}".lower(), "order_hash": None,
        "collection_slug": collection, "contract_address": f"0x{collection}", "token_id": token_id,
        "nft_name": None, "token_standard": None,
        "maker": seller if side == "listing" else buyer, "taker": buyer if side == "listing" else seller,
        "seller": seller, "buyer": buyer, "side": side, "side_source": "order", "quantity": quantity,
        "price_raw": None if amount is None else int(amount * 10**decimals),
        "payment_token_address": address, "payment_token_symbol": symbol, "payment_token_decimals": decimals,
        "price": amount, "unit_price": amount / quantity if amount is not None and quantity else None,
        "usd_rate": usd_rate, "eth_rate": eth_rate,
        "price_usd": amount * usd_rate if amount is not None and usd_rate else None,
        "price_eth": amount * eth_rate if amount is not None and eth_rate else None,
        "fees": None, "is_private": False, "is_replayed": False,
        "source": "stream", "first_load_id": 1, "seen_by": ("a", "b"), **other,
    }  # fmt: skip
    row["first_collector"] = row["seen_by"][0]
    row["sale_uid"] = UUID(bytes=sha256(f"{row['transaction_hash']}|{name}".encode()).digest()[:16])
    return row


OPENSEA, CREATOR = "0x0000a26b00c1f0df003000390027140000faa719", "0xcreator"


def fees(marketplace: str, royalty: str, creator: str = CREATOR) -> Sale:
    """Return the column of fees, given in whole tokens of 18 decimals."""
    paid = ((OPENSEA, marketplace), (creator, royalty))
    return {"fees": [{"recipient": each, "amount_raw": str(int(Decimal(amount) * 10**18))} for each, amount in paid]}


MARKET = [
    # 2.5 % for the marketplace, 5 % for the creators
    sale("20T10:05", "cats/1", "0xalice", "0xbob", "1", **fees("0.025", "0.05"), seen_by=("a",)),
    sale("20T10:20", "cats/2", "0xalice", "0xbob", "2", **fees("0.05", "0.1"), seen_by=("b",)),
    sale("20T11:00", "cats/1", "0xbob", "0xcarol", "1.5", paid=WETH, side="offer", **fees("0.0375", "0.075")),
    sale("20T12:00", "dogs/7", "0xdave", "0xerin", "2000", paid=USDC, chain="base", quantity=10),
    sale("20T12:30", "fish/Z", None, None, "5", paid=SOL_UNRATED, chain="solana", side="unknown", side_source="none"),
    # a sweep: three NFTs of two sellers in one transaction
    sale("21T10:00", "cats/3", "0xalice", "0xfrank", "1", transaction_hash="0xsweep"),
    sale("21T10:00", "cats/4", "0xdave", "0xfrank", "1", transaction_hash="0xsweep"),
    sale("21T10:00", "cats/5", "0xdave", "0xfrank", "1.2", transaction_hash="0xsweep"),
    # wash trades: to oneself, and back and forth
    sale("21T10:30", "cats/9", "0xgina", "0xgina", "50"),
    sale("21T11:00", "apes/1", "0xalice", "0xbob", "3", is_private=True),
    sale("21T12:00", "apes/1", "0xbob", "0xalice", "3", paid=WETH, side="offer"),
    # a gift, and a sale that only the Events API told, without rates
    sale("21T13:00", "apes/2", "0xheidi", "0xivan", "0"),
    sale("21T14:00", "cats/6", "0xheidi", "0xivan", "0.9", paid=ETH_UNRATED, **REPAIRED),
]  # fmt: skip

COVERAGE = [
    ("a", "20T10:00", "20T11:00"),
    ("b", "20T10:15", "20T11:00"),
]


def fill(url: str, sales: Iterable[Sale] = MARKET, coverage: Iterable[tuple[str, str, str]] = COVERAGE) -> None:
    """Write sales, sightings and coverage hour by hour with the roll-ups of a load, then score the days."""
    rows = list(sales)
    stretches = [(collector, at(start), at(end)) for collector, start, end in coverage]
    with connected(SecretStr(url)) as connection:
        for hour in sorted({row["source_hour"] for row in rows} | {Hour.of(start).start for _, start, _ in stretches}):
            load(connection, hour, [row for row in rows if row["source_hour"] == hour], stretches)
            connection.commit()
    refresh_days(SecretStr(url), log=lambda _: None)


def touch(connection: Connection, rows: Iterable[Sale]) -> None:
    """Name the sales, as they are or were, that a load changed."""
    connection.execute(text(_CHANGED))
    for row in rows:
        connection.execute(text(_INSERT_CHANGED), row)


def load(connection: Connection, hour: datetime, rows: list[Sale], stretches: Iterable[Stretch] = ()) -> None:
    """Write one archive hour as a load does, roll-ups included; the caller commits."""
    for collector, start, end in stretches:
        if Hour.of(start).start == hour:
            values = {"hour": hour, "collector": collector, "from_at": start, "to_at": end}
            connection.execute(text(_INSERT_COVERAGE), values)
    for row in rows:
        insert(connection, row)
    touch(connection, rows)
    refresh(connection, hour)


def insert(connection: Connection, row: Sale) -> None:
    """Write one sale and its sightings."""
    columns = {name: value for name, value in row.items() if name != "seen_by"}
    connection.execute(text(_INSERT_SALE), {"row": json.dumps(columns, default=str)})
    for collector in row["seen_by"]:
        connection.execute(text(_INSERT_SIGHTING), {**row, "hour": row["source_hour"], "collector": collector})


def refresh(connection: Connection, hour: datetime) -> None:
    """Run the roll-ups of a load over its table `changed`."""
    for file in sorted(MARTS.glob("refresh_*.sql")):
        connection.execute(text(file.read_text()), {"hour": hour})
