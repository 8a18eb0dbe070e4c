"""A market that is hard to tell apart, loaded in any order: the warehouse equals what Python works out of its messages.

The market is drawn as sales, and from each sale what two collectors and lists of the Events API observe of it. The
oracle knows which observation is of which sale; nothing of Tidemark's transform or SQL is used to work out a row.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from tests.loader.recording import HOUR, Recording
from tests.loader.test_hours import quiet, url_of
from tests.support.orders import in_drawn_orders
from tidemark.core.hour import Hour
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import load_hour
from tidemark.loader.marts import refresh_days
from tidemark.loader.settings import LoaderSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.postgres

ETH, OFFERS = "0x" + "0" * 40, "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
_FIRST = Hour.parse("2026-08-31T22")
HOURS = [_FIRST, _FIRST.next(), Hour.parse("2026-09-15T15"), HOUR]  # in the last two old sales are broadcast and listed
WALLETS = ["0x" + letter * 40 for letter in "abcdef"]
Row = dict[str, Any]


class Sale(NamedTuple):
    """What happened on the chain."""

    transaction: str
    token: str
    order: str
    maker: str
    taker: str
    quantity: int
    price: int
    paid_in: str
    at: datetime
    elsewhere: bool


class Seen(NamedTuple):
    """One observation: by whom, when, and the row of core.sale that follows from its message."""

    collector: str
    hour: Hour
    row: Row


def market(random: Random) -> Iterable[Sale]:
    """Transactions of every kind; of a token's sales in one, no two have the same parties, quantity and price."""
    for number in range(24):
        transaction, at = f"0x{number:064x}", HOURS[0].start + timedelta(seconds=random.randrange(7000))
        order, price = f"0x{number + 1000:064x}", random.randrange(1, 10**19)
        maker, taker, *others = random.sample(WALLETS, 5)
        sale = Sale(
            transaction, str(number % 5), order, maker, taker, 1, price, random.choice([ETH, OFFERS]), at, False
        )
        match number % 6:
            case 0:
                yield sale
            case 1:  # a sweep of different tokens
                yield from (
                    sale._replace(token=f"{token}", order=f"{order}{token}", price=price + token) for token in range(3)
                )
            case 2:  # an edition from three sellers, made elsewhere
                yield from (sale._replace(maker=each, elsewhere=True) for each in (maker, *others[:2]))
            case 3:  # resold in its transaction, at the same price, and perhaps back to the first seller
                yield sale._replace(elsewhere=True, paid_in=ETH)
                back = random.choice([maker, others[0]])
                yield sale._replace(elsewhere=True, paid_in=ETH, maker=taker, taker=back, price=price + (back != maker))
            case 4:  # one order filled twice
                yield sale._replace(quantity=5, price=price * 5)
                yield sale._replace(quantity=3, price=price * 3)
            case _:  # one order filled by two buyers, and another order beside it
                yield sale
                yield sale._replace(taker=others[0])
                yield sale._replace(order=order + "f", price=price + 1)


def parties(sale: Sale) -> tuple[str, str]:
    """Seller and buyer: here, who pays with the token of offers has made one."""
    return (sale.taker, sale.maker) if sale.paid_in == OFFERS else (sale.maker, sale.taker)


def row_of(sale: Sale, named: bool, sent: datetime, received: datetime, event: datetime, usd: str | None) -> Row:
    """The row of a message of the stream."""
    side = "offer" if sale.paid_in == OFFERS else "listing"
    seller, buyer = parties(sale)
    price = Decimal(sale.price).scaleb(-18)
    return {
        "sold_at": sale.at, "sold_at_source": "transaction", "event_at": event, "sent_at": sent,
        "received_at": received, "chain": "ethereum", "transaction_hash": sale.transaction,
        "order_hash": sale.order if named else None, "collection_slug": f"slug-{int(sale.token) % 2}",
        "contract_address": "0xc0", "token_id": sale.token, "nft_name": f"#{sale.token}", "maker": sale.maker,
        "taker": sale.taker, "seller": seller, "buyer": buyer, "side": side, "side_source": "payment_token",
        "quantity": sale.quantity, "price_raw": sale.price, "payment_token_address": sale.paid_in,
        "payment_token_symbol": "E", "payment_token_decimals": 18, "price": price,
        "unit_price": exact(price, sale.quantity), "usd_rate": usd and Decimal(usd), "eth_rate": Decimal(1),
        "price_usd": usd and price * Decimal(usd), "price_eth": price, "marketplace_fee_raw": None,
        "royalty_raw": None, "other_fee_raw": None, "token_standard": None, "fees": None, "is_private": False,
        "is_replayed": sent - sale.at > timedelta(hours=1), "source": "stream", "fill": 1,
    }  # fmt: skip


def exact(price: Decimal, quantity: int) -> Decimal | None:
    unit = price / quantity
    return unit if unit * quantity == price and len(unit.as_tuple().digits) < 28 else None


def message_of(sale: Sale, row: Row) -> dict[str, Any]:
    """The message of the stream from which that row has to be read."""
    token = {
        "address": sale.paid_in,
        "decimals": 18,
        "symbol": "E",
        "eth_price": "1",
        "usd_price": str(row["usd_rate"]),
    }
    payload = {
        "chain": "ethereum", "collection": {"slug": row["collection_slug"]}, "quantity": sale.quantity,
        "item": {"nft_id": f"ethereum/0xC0/{sale.token}", "metadata": {"name": row["nft_name"]}},
        "transaction": {"hash": sale.transaction, "timestamp": str(int(sale.at.timestamp()))},
        "closing_date": iso(sale.at), "event_timestamp": iso(row["event_at"]), "order_hash": row["order_hash"] or "",
        "maker": {"address": sale.maker.upper().replace("X", "x")}, "taker": {"address": sale.taker},
        "sale_price": str(sale.price), "payment_token": token, "is_private": False,
    }  # fmt: skip
    return {"event_type": "item_sold", "sent_at": iso(row["sent_at"]), "payload": payload}


def iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S.%f}Z"


def listed_row(sale: Sale, named: bool, answered: datetime, fill: int) -> Row:
    """The row of an event of the Events API, which knows no maker, no rate and no fraction of a second."""
    row = row_of(sale, named, answered, answered, sale.at, None)
    row |= {"sold_at_source": "closing", "eth_rate": None, "price_eth": None, "is_private": None, "is_replayed": False}
    row["token_standard"] = "erc1155"
    if not named:
        row |= {"maker": None, "taker": None, "side": "unknown", "side_source": "events_api"}
    return row | {"source": "events_api", "fill": fill}


def event_of(sale: Sale, row: Row) -> dict[str, Any]:
    payment = {"quantity": str(sale.price), "token_address": sale.paid_in, "decimals": 18, "symbol": "E"}
    nft = {"identifier": sale.token, "contract": "0xc0", "collection": row["collection_slug"], "name": row["nft_name"]}
    nft["token_standard"] = row["token_standard"]
    event = {
        "event_type": "sale", "event_timestamp": int(sale.at.timestamp()), "closing_date": int(sale.at.timestamp()),
        "chain": "ethereum", "transaction": sale.transaction, "order_hash": row["order_hash"] or "",
        "seller": row["seller"], "buyer": row["buyer"], "quantity": sale.quantity, "payment": payment, "nft": nft,
    }  # fmt: skip
    return {"event_type": "item_sold", "source": "events_api", "sent_at": iso(row["sent_at"]), "payload": event}


Archive = dict[tuple[str, Hour], Recording]


def observed(random: Random, archive: Archive) -> list[list[Seen]]:
    """Draw what is observed of each sale, put the messages into the archive, and return the observations by sale."""
    found = [[*streamed(random, archive, sale), *listed(random, archive, sale)] for sale in market(random)]
    return [seen for seen in found if seen]


def streamed(random: Random, archive: Archive, sale: Sale) -> Iterable[Seen]:
    """Broadcast a sale, perhaps once more with another rate and without its order; each collector may miss it."""
    broadcasts = [(sale.at + timedelta(seconds=random.randrange(2, 20)), sale.at, not sale.elsewhere)]
    if random.random() < 0.4:
        again = random.choice(HOURS[2:]).start + timedelta(seconds=random.randrange(3000))
        broadcasts.append((again, again, not sale.elsewhere and random.random() < 0.5))
    for sent, event, named in broadcasts:
        rate = f"{random.randrange(1, 5000)}.5"
        for collector in ("collector-a", "collector-b"):
            for _ in range(random.choice([0, 1, 1, 1, 2])):
                received = sent + timedelta(microseconds=random.randrange(10**6))
                row, hour = row_of(sale, named, sent, received, event, rate), Hour.of(received)
                archive[collector, hour].receive(message_of(sale, row), (received - hour.start).total_seconds())
                yield Seen(collector, hour, row)


def listed(random: Random, archive: Archive, sale: Sale) -> Iterable[Seen]:
    """Let runs of the Events API list a sale, perhaps without its order."""
    for run, second in (("events-api-1", 3000), ("events-api-2", 3100)):
        if random.random() < 0.5:
            answered, hour = HOURS[2].start + timedelta(seconds=second), Hour.of(sale.at)
            row = listed_row(sale, not sale.elsewhere and random.random() < 0.6, answered, 1)
            archive[run, hour].receive(event_of(sale, row), (answered - hour.start).total_seconds())
            yield Seen(run, hour, row)


def precedence(seen: Seen) -> tuple[object, ...]:
    row = seen.row
    return row["source"] != "stream", row["sent_at"], row["received_at"], seen.collector


def expected(sales: list[list[Seen]]) -> list[Row]:
    rows = []
    for seen in sales:
        first = min(seen, key=precedence)
        rows.append(first.row | {"source_hour": first.hour.start, "first_collector": first.collector})
    return sorted(rows, key=repr)


def sightings(sales: list[list[Seen]]) -> set[tuple[object, ...]]:
    """How often each collector received each sale in each hour, and when first."""
    found = set()
    for seen in sales:
        first = min(seen, key=precedence)
        for key in {(each.hour, each.collector) for each in seen}:
            times = [each.row["received_at"] for each in seen if (each.hour, each.collector) == key]
            found.add(
                (first.row["transaction_hash"], first.row["received_at"], key[0].start, key[1], len(times), min(times))
            )
    return found


def hourly(rows: list[Row]) -> set[tuple[object, ...]]:
    """The roll-up of each hour and collection."""
    buckets: dict[tuple[datetime, str], list[Row]] = defaultdict(list)
    for row in rows:
        buckets[row["sold_at"].replace(minute=0, second=0), row["collection_slug"]].append(row)
    return {(hour, slug, *figures(found)) for (hour, slug), found in buckets.items()}


def daily(rows: list[Row]) -> set[tuple[object, ...]]:
    buckets: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        buckets[row["collection_slug"]].append(row)
    return {(slug, *figures(found)) for slug, found in buckets.items()}


def figures(rows: list[Row]) -> tuple[object, ...]:
    eth = [row["price_eth"] for row in rows if row["price_eth"] is not None]
    usd = [row["price_usd"] for row in rows if row["price_usd"] is not None]
    return (
        len(rows), sum(row["quantity"] for row in rows), sum(eth) if eth else None, sum(usd) if usd else None,
        len(rows) - len(eth), len(rows) - len(usd), len({row["buyer"] for row in rows}),
        len({row["seller"] for row in rows}),
    )  # fmt: skip


ROWS = "SELECT * FROM core.sale"
SIGHTINGS = """
SELECT
    sale.transaction_hash, sale.received_at, seen.source_hour, seen.collector,
    sum(observations)::int, min(first_received_at)
FROM core.sale_sighting AS seen
LEFT JOIN core.sale_superseded AS other USING (sale_uid)
JOIN core.sale ON sale.sale_uid = coalesce(same_as, seen.sale_uid)
GROUP BY sale.sale_uid, sale.transaction_hash, sale.received_at, seen.source_hour, seen.collector
"""
FIGURES = "sales::int, items, volume_eth, volume_usd, without_eth::int, without_usd::int, buyers::int, sellers::int"
HOURLY = f"SELECT hour, collection_slug, {FIGURES} FROM mart.collection_hourly"
DAILY = f"SELECT collection_slug, {FIGURES} FROM mart.collection_daily"
OF_THE_LOAD = ("sale_uid", "payload_hash", "loaded_at", "first_load_id")


def asked(settings: LoaderSettings, statement: str) -> list[Row]:
    with (
        psycopg2.connect(url_of(settings), options="-c TimeZone=UTC") as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        cursor.execute(statement)
        return [dict(row) for row in cursor]


def tuples(settings: LoaderSettings, statement: str) -> set[tuple[object, ...]]:
    return {tuple(row.values()) for row in asked(settings, statement)}


@in_drawn_orders(1)
def test_the_warehouse_equals_the_oracle_in_every_order(
    s3: "S3Client", settings: LoaderSettings, fresh: Callable[[LoaderSettings], LoaderSettings], seed: int
) -> None:
    random = Random(seed)
    names = ("collector-a", "collector-b", "events-api-1", "events-api-2")
    recordings = {(name, hour): Recording(name, hour, topic="events-api" if "api" in name else "collection:*")
                  for name in names for hour in HOURS}  # fmt: skip
    sales = observed(random, recordings)
    for recording in recordings.values():
        recording.put(s3, settings.bucket)
    right = expected(sales)
    for order in random.sample(list(permutations(HOURS)), 3):
        warehouse = fresh(settings)
        for hour in order:
            alone = random.sample(names, 2) if random.random() < 0.5 else None
            load_hour(hour, warehouse, collectors=alone, log=quiet)
        for hour in (*order, *random.sample(HOURS, 1)):
            load_hour(hour, warehouse, force=random.random() < 0.3, log=quiet)
        rows = [{name: row[name] for name in row if name not in OF_THE_LOAD} for row in asked(warehouse, ROWS)]
        in_order = [{name: row[name] for name in right[0]} for row in rows]
        assert {name for row in rows for name in row} == set(right[0])
        assert sorted(map(comparable, in_order), key=repr) == sorted(map(comparable, right), key=repr)
        assert tuples(warehouse, SIGHTINGS) == sightings(sales)
        assert tuples(warehouse, HOURLY) == hourly(right)
        refresh_days(warehouse.warehouse_url, log=quiet)
        assert tuples(warehouse, DAILY) == daily(right)
        assert run_checks(warehouse.warehouse_url) == []


def comparable(row: Row) -> Row:
    """Equal times and numbers in one spelling."""
    return {name: value.astimezone(UTC) if isinstance(value, datetime) else plain(value) for name, value in row.items()}


def plain(value: object) -> object:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value) if isinstance(value, int) else value
