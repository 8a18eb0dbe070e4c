"""What a sale costs as the warehouse outgrows its memory: bytes, WAL, loads and questions, stored in several ways.

Memory is scaled down instead of data up: the server gets as little of it (`MEMORY` by default, a control group's limit
where root may set one) as its indexes would have at a hundred million sales on a machine of 16 GiB. Sales are made by
the server itself. Two parts, each run alone by `BENCH_YEAR_PART`:

- `storage`: tables that hold the same sales in other ways, side by side. Each is filled by hours, so that its indexes
  grow as loads make them; in turn, each takes the same hours when it is small and when it is full.
- `warehouse`: the schema as it is migrated. Hours are loaded from staging on by the steps of a load when it is small
  and when it is full; then one is loaded again, a day is judged, and each question is asked.

`BENCH_YEAR_SALES` (20 million) and `BENCH_YEAR_SMALL` (a twentieth of it) are the two sizes; smaller trials are printed
and not recorded. `BENCH_YEAR_DAYS` (35) days before the newest sale are rolled up and judged, each of which takes as
long as a day's scoring. `BENCH_YEAR_FOLDER` is where the server's files are: about 25 GB for 20 million sales.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from pydantic import SecretStr
from sqlalchemy import Connection, text

from bench import results
from bench.load import Printed, stage
from bench.query import CHANGED, GOAL_MS, INDEXES, MARKET_GOAL_MS, asked, vacuum
from tidemark.core.hour import Hour
from tidemark.loader.marts import MARTS, refresh_days
from tidemark.loader.warehouse.load import add_month, merge
from tidemark.loader.warehouse.migrate import migrate
from tidemark.local.services.postgres import Postgres
from tidemark.query.parameter import values_of
from tidemark.query.postgres import SESSION
from tidemark.storage.postgres import connected

WHOLE = 20_000_000
SALES = int(os.environ.get("BENCH_YEAR_SALES", WHOLE))
PER_HOUR, TIMED, PORTION = 5_000, 9, 50_000
DAYS = int(os.environ.get("BENCH_YEAR_DAYS", "35"))  # of which the filled sales are rolled up and judged
TABLES = (
    "core.sale_row", "core.sale_sighting", "mart.collection_hourly", "mart.sale_flags", "mart.suspect_sale",
    "mart.resale",
)  # fmt: skip
EACH = timedelta(seconds=0.72)
MEMORY = int(16 * 1024 * SALES / 100_000_000)  # MiB: as 16 GiB are to a hundred million
OWN = 200  # MiB that the server's processes and their sorts need beside what they keep of the data
PARTS = os.environ.get("BENCH_YEAR_PART", "storage warehouse").split()
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LAST = FIRST + SALES * EACH
# as many as the last month has: so that the hours of both sizes come on the same day of a month
SMALL = int(os.environ.get("BENCH_YEAR_SMALL", (LAST - LAST.replace(day=1, hour=0, minute=0, second=0)) // EACH))
GROUP = Path("/sys/fs/cgroup/memory/tidemark-bench-year")

# one row per sale, numbered from :first on, 5,000 in an hour; few collections and wallets have most of them
MADE = """
CREATE TEMP TABLE made ON COMMIT DROP AS
SELECT
    md5(number::text)::uuid AS sale_uid, number * 7919 AS payload_hash, sold_at, sold_at AS event_at,
    sold_at + interval '2.5 s' AS sent_at, sold_at + interval '2.7 s' AS received_at,
    date_trunc('hour', sold_at + interval '2.7 s') AS source_hour, sold_at + interval '1 hour' AS loaded_at,
    (ARRAY['ethereum', 'base', 'polygon'])[1 + collection % 3] AS chain,
    '0x' || md5('t' || number / 2) || md5('u' || number / 2) AS transaction_hash,
    '0x' || md5('o' || number) || md5('p' || number) AS order_hash,
    'collection-of-' || collection AS collection_slug,
    '0x' || left(md5('c' || collection) || md5('d' || collection), 40) AS contract_address,
    token::text AS token_id, 'Collection ' || collection || ' #' || token AS nft_name,
    '0x' || left(md5('w' || seller) || md5('x' || seller), 40) AS seller,
    '0x' || left(md5('w' || buyer) || md5('x' || buyer), 40) AS buyer,
    price * 1e18 AS price_raw, price,
    jsonb_build_array(
        jsonb_build_object(
            'recipient', '0x0000a26b00c1f0df003000390027140000faa719', 'amount_raw', (price * 5e15)::bigint::text
        ),
        jsonb_build_object(
            'recipient', '0x' || left(md5('r' || collection) || md5('s' || collection), 40),
            'amount_raw', (price * 5e16)::bigint::text
        )
    ) AS fees
FROM (
    SELECT
        number, CAST(:start AS timestamptz) + number * interval '0.72 s' AS sold_at,
        floor(20000 * random() ^ 3)::integer AS collection, floor(10000 * random())::integer AS token,
        floor(1000000 * random() ^ 2)::integer AS seller, floor(1000000 * random() ^ 2)::integer AS buyer,
        round((0.01 / (random() + 0.001))::numeric, 4) AS price
    FROM generate_series(CAST(:first AS bigint), :first + :count - 1) AS number
) AS rolled
"""
TEXT = {
    "sale_uid": "uuid", "fill": "smallint", "payload_hash": "bigint", "sold_at": "timestamptz",
    "sold_at_source": "text", "event_at": "timestamptz", "sent_at": "timestamptz", "received_at": "timestamptz",
    "chain": "text", "transaction_hash": "text", "order_hash": "text", "collection_slug": "text",
    "contract_address": "text", "token_id": "text", "nft_name": "text", "token_standard": "text", "maker": "text",
    "taker": "text", "seller": "text", "buyer": "text", "side": "text", "side_source": "text", "quantity": "numeric",
    "price_raw": "numeric", "payment_token_address": "text", "payment_token_symbol": "text",
    "payment_token_decimals": "smallint", "price": "numeric", "unit_price": "numeric", "usd_rate": "numeric",
    "eth_rate": "numeric", "price_usd": "numeric", "price_eth": "numeric", "marketplace_fee_raw": "numeric",
    "royalty_raw": "numeric", "other_fee_raw": "numeric", "fees": "jsonb", "is_private": "boolean",
    "is_replayed": "boolean", "source": "text", "source_hour": "timestamptz", "loaded_at": "timestamptz",
    "first_collector": "text", "first_load_id": "bigint",
}  # fmt: skip
# what `made` does not have under the column's name
STATED = {
    "fill": "1", "sold_at_source": "'transaction'", "token_standard": "'erc721'", "maker": "seller", "taker": "buyer",
    "side": "'listing'", "side_source": "'order'", "quantity": "1", "payment_token_symbol": "'ETH'",
    "payment_token_address": "'0x0000000000000000000000000000000000000000'", "payment_token_decimals": "18",
    "unit_price": "price", "usd_rate": "2345.67", "eth_rate": "1", "price_usd": "price * 2345.67", "price_eth": "price",
    "marketplace_fee_raw": "price_raw * 0.005", "royalty_raw": "price_raw * 0.05", "other_fee_raw": "0",
    "is_private": "false", "is_replayed": "false", "source": "'stream'", "first_collector": "'collector-a'",
    "first_load_id": "1",
}  # fmt: skip
HEX = ("transaction_hash", "order_hash", "contract_address", "maker", "taker", "seller", "buyer")


@dataclass
class Variant:
    """A way to store sales: columns (type and how `made` gives it), indexes and what a load writes before the sales."""

    name: str
    columns: dict[str, tuple[str, str]]
    indexes: list[str]
    before: list[str] = field(default_factory=list)  # statements of each load: dimensions
    setup: list[str] = field(default_factory=list)
    joined: str = ""
    partitions: bool = False

    def create(self, connection: Connection) -> None:
        """Make the table, with its partitions, indexes and dimensions."""
        for statement in self.setup:
            connection.execute(text(statement.format(t=self.name)))
        columns = ", ".join(f"{name} {kind}" for name, (kind, _) in self.columns.items())
        by = " PARTITION BY RANGE (sold_at)" if self.partitions else ""
        connection.execute(text(f"CREATE TABLE {self.name} ({columns}){by}"))
        if self.partitions:
            span = EACH * SALES / 12
            for month in range(16):
                start, end = FIRST + month * span, FIRST + (month + 1) * span
                bounds = f"FOR VALUES FROM ('{start}') TO ('{end}')"
                connection.execute(text(f"CREATE TABLE {self.name}_{month} PARTITION OF {self.name} {bounds}"))
        for index in self.indexes:
            connection.execute(text(index.format(t=self.name)))

    def load(self, connection: Connection) -> None:
        """Take the sales of `made`: look for known ones, as a load does, and write the others."""
        for statement in self.before:
            connection.execute(text(statement.format(t=self.name)))
        known = f"SELECT FROM {self.name} AS old WHERE old.sale_uid = made.sale_uid"
        if self.partitions:
            known += " AND old.sold_at = made.sold_at"
        columns, values = ", ".join(self.columns), ", ".join(how for _, how in self.columns.values())
        rows = f"SELECT {values} FROM made {self.joined.format(t=self.name)} WHERE NOT EXISTS ({known})"
        connection.execute(text(f"INSERT INTO {self.name} ({columns}) {rows}"))


Figures = dict[str, list[float]]
Columns = dict[str, tuple[str, str] | None]  # None is a column that is not stored


def _columns(*others: Mapping[str, tuple[str, str] | None]) -> dict[str, tuple[str, str]]:
    columns: Columns = {name: (kind, STATED.get(name, name)) for name, kind in TEXT.items()}
    for other in others:
        columns |= other
    return {name: how for name, how in columns.items() if how}


def _bytes(name: str) -> tuple[str, str]:
    return "bytea", f"decode(substr({STATED.get(name, name)}, 3), 'hex')"


_BYTES = {name: _bytes(name) for name in HEX} | {"payment_token_address": ("bytea", r"'\x00'::bytea")}
_CODES = dict.fromkeys(["sold_at_source", "side", "side_source", "source", "token_standard"], ('"char"', "'a'"))
# what follows from the other columns is computed by the view: prices, and the parties where they are maker and taker
_DERIVED: Columns = dict.fromkeys(("price", "unit_price", "price_usd", "price_eth", "seller", "buyer"))
_FEES: Columns = {"fees": ("bytea", "decode(repeat('00', 54), 'hex')")}
_DIMENSIONS: Columns = {
    "chain": None, "collection_slug": None, "contract_address": ("integer", "collection.id"), "token_standard": None,
    "payment_token_symbol": None, "payment_token_decimals": None, "payment_token_address": ("smallint", "1"),
    "maker": ("integer", "one.id"), "taker": ("integer", "other.id"), "first_collector": ("smallint", "1"),
    "first_load_id": ("integer", "1"),
}  # fmt: skip
_TIMES = [
    "CREATE INDEX ON {t} (sold_at)",
    "CREATE INDEX ON {t} USING brin (source_hour) WITH (pages_per_range = 32, autosummarize = on)",
]
_KEY = "ALTER TABLE {t} ADD PRIMARY KEY (sale_uid)"
_DIMENSION_TABLES = [
    """CREATE TABLE {t}_collection (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, chain text, collection_slug text, contract_address text,
        UNIQUE (contract_address, chain, collection_slug)
    )""",
    "CREATE INDEX ON {t}_collection (collection_slug)",
    "CREATE TABLE {t}_wallet (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, address bytea UNIQUE)",
]
_DIMENSION_ROWS = [
    """INSERT INTO {t}_collection (chain, collection_slug, contract_address)
    SELECT DISTINCT chain, collection_slug, contract_address FROM made
    EXCEPT SELECT chain, collection_slug, contract_address FROM {t}_collection""",
    """INSERT INTO {t}_wallet (address)
    SELECT DISTINCT decode(substr(wallet, 3), 'hex') FROM made, unnest(ARRAY[seller, buyer]) AS wallet
    WHERE NOT EXISTS (SELECT FROM {t}_wallet WHERE address = decode(substr(wallet, 3), 'hex'))""",
]
_JOINED = (
    "JOIN {t}_collection AS collection USING (chain, collection_slug, contract_address)"
    " JOIN {t}_wallet AS one ON one.address = decode(substr(seller, 3), 'hex')"
    " JOIN {t}_wallet AS other ON other.address = decode(substr(buyer, 3), 'hex')"
)
_DIMENSION_KEYS = [
    "CREATE INDEX ON {t} USING hash (transaction_hash)",
    "CREATE INDEX ON {t} (contract_address, sold_at)",
    "CREATE INDEX ON {t} (contract_address, token_id)",
    "CREATE INDEX ON {t} (maker)",
    "CREATE INDEX ON {t} (taker)",
]


def _shown(name: str) -> str:
    return f"('0x' || encode({name}, 'hex'))"


COLUMNS = """
    sale_uid, payload_hash, nft_kind, sold_at, received_at, loaded_at, first_load_id, sent_after,
    marketplace_share, royalty_share, other_share, is_private, is_replayed, sold_at_source, side, side_source, source,
    chain, first_collector, transaction_hash, order_hash, collection_slug, token_id, maker, taker, seller, buyer,
    price_raw, usd_rate, fees
"""
VALUES = r"""
    sale_uid, payload_hash, kind.nft_kind, sold_at, received_at, loaded_at, 1, -200000, 50, 500, 0, false, false,
    core.word_to_code('transaction'), core.word_to_code('listing'), core.word_to_code('order'),
    core.word_to_code('stream'), core.word_to_code(chain), core.word_to_code('collector-a'),
    core.to_bytes(transaction_hash), core.to_bytes(order_hash), collection_slug,
    token_id, core.to_bytes(seller), core.to_bytes(buyer),
    core.party_to_bytes(seller, seller, buyer), core.party_to_bytes(buyer, seller, buyer), price_raw, 2345.67,
    core.fee_to_bytes(core.known_to_bytes(fees -> 0 ->> 'recipient'), price_raw * 0.005, price_raw)
        || core.fee_to_bytes('\xff', price_raw * 0.05, price_raw)
"""
OF_KIND = "FROM made JOIN core.nft_kind AS kind USING (contract_address)"
FILL = f"INSERT INTO core.sale_row ({COLUMNS}) SELECT {VALUES} {OF_KIND}"
KINDS = """
INSERT INTO core.nft_kind
SELECT core.kind_key(contract, 'erc721', name, recipient), contract, 'erc721', name, recipient
FROM generate_series(0, 19999) AS collection,
    LATERAL (
        SELECT '0x' || left(md5('c' || collection) || md5('d' || collection), 40) AS contract,
            '0x' || left(md5('r' || collection) || md5('s' || collection), 40) AS recipient,
            'Collection ' || collection || ' #' AS name
    ) AS made
ON CONFLICT DO NOTHING
"""
SEEN = """
INSERT INTO core.sale_sighting (sale_uid, source_hour, collector, observations, first_received_at)
SELECT sale_uid, source_hour, collector, 1, received_at
FROM made, unnest(ARRAY['collector-a', 'collector-b']) AS collector
"""
OBSERVED = f"""
INSERT INTO observation_row (observation, file, {COLUMNS})
SELECT row_number() OVER (), 1, {VALUES}
{OF_KIND}
"""
QUALITY = """
INSERT INTO mart.hour_quality (
    hour, collectors, covered_s, covered_twice_s, repaired_s, gaps, sales, seen_by, recovered, quarantined,
    live_sales, sold_to_sent_p50_s, sent_to_received_p50_s, received_to_loaded_p50_s, sold_to_loaded_p50_s
)
SELECT source_hour, '{collector-a}', 3600, 0, 0, '{}', count(*), jsonb_build_object('collector-a', count(*)), 0, 0,
    count(*), 3, 1, 56, 60
FROM core.sale GROUP BY source_hour
ON CONFLICT DO NOTHING
"""

VARIANTS = [
    Variant("as_text", _columns(), [
        _KEY, "CREATE INDEX ON {t} (sold_at)", "CREATE INDEX ON {t} (source_hour)",
        "CREATE INDEX ON {t} (collection_slug, sold_at)", "CREATE INDEX ON {t} USING hash (transaction_hash)",
        "CREATE INDEX ON {t} (contract_address, token_id)", "CREATE INDEX ON {t} (buyer)",
        "CREATE INDEX ON {t} (seller)",
    ]),
    Variant("as_bytes_keyed_as_text", _columns(_BYTES), [
        _KEY, *_TIMES, "CREATE INDEX ON {t} (collection_slug, sold_at)",
        f"CREATE INDEX ON {{t}} USING hash ({_shown('transaction_hash')})",
        f"CREATE INDEX ON {{t}} ({_shown('contract_address')}, token_id)",
        f"CREATE INDEX ON {{t}} ({_shown('buyer')})", f"CREATE INDEX ON {{t}} ({_shown('seller')})",
    ]),
    Variant("as_bytes", _columns(_BYTES), [
        _KEY, *_TIMES, "CREATE INDEX ON {t} (collection_slug, sold_at)",
        "CREATE INDEX ON {t} USING hash (transaction_hash)", "CREATE INDEX ON {t} (contract_address, token_id)",
        "CREATE INDEX ON {t} (buyer)", "CREATE INDEX ON {t} (seller)",
    ]),
    Variant("derived", _columns(_BYTES, _CODES, _DERIVED, _FEES), [
        _KEY, *_TIMES, "CREATE INDEX ON {t} (collection_slug, sold_at)",
        f"CREATE INDEX ON {{t}} USING hash ({_shown('transaction_hash')})",
        f"CREATE INDEX ON {{t}} ({_shown('contract_address')}, token_id)",
        f"CREATE INDEX ON {{t}} ({_shown('maker')})", f"CREATE INDEX ON {{t}} ({_shown('taker')})",
    ]),
    Variant(
        "dimensions", _columns(_BYTES, _CODES, _DERIVED, _FEES, _DIMENSIONS),
        [_KEY, *_TIMES, *_DIMENSION_KEYS], _DIMENSION_ROWS, _DIMENSION_TABLES, _JOINED,
    ),
    Variant(
        "dimensions_by_month", _columns(_BYTES, _CODES, _DERIVED, _FEES, _DIMENSIONS),
        ["ALTER TABLE {t} ADD PRIMARY KEY (sale_uid, sold_at)", *_TIMES, *_DIMENSION_KEYS],
        _DIMENSION_ROWS, _DIMENSION_TABLES, _JOINED, partitions=True,
    ),
]  # fmt: skip


def main() -> None:
    print(f"{SALES:,} sales with {MEMORY} MiB of memory; small are {SMALL:,}", flush=True)
    if "storage" in PARTS:
        with small_server() as url:
            compare(url)
    if "warehouse" in PARTS:
        with small_server() as url:
            migrate(url, log=lambda _: None)
            measure_warehouse(url)


@contextmanager
def small_server() -> Iterator[SecretStr]:
    """Run PostgreSQL 15 within `MEMORY`; where no limit can be set, only its own buffers are small, and it is said."""
    buffers = max(MEMORY // 4, 16)
    given = {
        "shared_buffers": f"{buffers}MB", "effective_cache_size": f"{MEMORY * 3 // 4}MB", "huge_pages": "off",
        "max_wal_size": "1GB", "checkpoint_timeout": "5min", "maintenance_work_mem": "32MB", "max_connections": "20",
        "wal_compression": "on",
    }  # fmt: skip
    with TemporaryDirectory(dir=os.environ.get("BENCH_YEAR_FOLDER")) as folder:
        Path(folder).chmod(0o755)
        with Postgres(Path(folder) / "postgres", settings=given, version=15) as server, _limit(server, MEMORY + OWN):
            yield SecretStr(server.url())


@contextmanager
def _limit(server: Postgres, mebibytes: int) -> Iterator[None]:
    try:
        GROUP.mkdir(exist_ok=True)
        (GROUP / "memory.limit_in_bytes").write_text(str(mebibytes << 20))
        (GROUP / "cgroup.procs").write_text(str(server.pid))
    except OSError as error:
        print(f"no limit of memory beside shared_buffers: {error}", flush=True)
        yield
        return
    try:
        yield
    finally:
        server.stop()
        while (GROUP / "cgroup.procs").read_text():
            time.sleep(0.1)
        GROUP.rmdir()


def compare(url: SecretStr) -> None:
    """Fill every variant to the small size and to the whole one; at each, let them take the same hours in turn."""
    with connected(url) as connection:
        for each in VARIANTS:
            each.create(connection)
        connection.commit()
        first = _grown(connection, 1, SMALL)
        vacuum(url)
        small, _ = _in_turn(connection, first)
        first = _grown(connection, first + TIMED * PER_HOUR, SALES)
        vacuum(url)
        full, wal = _in_turn(connection, first)
        sales = first - 1 + TIMED * PER_HOUR
        print("\nbytes a sale: heap, indexes, both, WAL; seconds of an hour and how they grew")
        for each in VARIANTS:
            sizes = _sizes(connection, each.name)
            heap, indexes = sizes.pop("heap") / sales, sum(sizes.values()) / sales
            seconds, growth = median(full[each.name]), median(full[each.name]) / median(small[each.name])
            parts = ", ".join(f"{name} {size / sales:.0f}" for name, size in sizes.items())
            print(
                f"{each.name:<24}{heap:>7.0f}{indexes:>7.0f}{heap + indexes:>7.0f}{median(wal[each.name]):>8.0f}"
                f"{seconds:>8.2f}{growth:>7.2f}  {parts}",
                flush=True,
            )


def _grown(connection: Connection, first: int, until: int) -> int:
    """Load every variant up to a number of sales, by portions; return the number of the next sale."""
    for each in VARIANTS:
        began = time.perf_counter()
        for start in range(first, until + 1, PORTION):
            made(connection, start, min(PORTION, until + 1 - start))
            each.load(connection)
            connection.commit()
        print(f"{each.name}: {until:,} sales after {time.perf_counter() - began:.0f} s", flush=True)
    return until + 1


def _in_turn(connection: Connection, first: int) -> tuple[Figures, Figures]:
    """Let the variants take the same hours, one after another; return the seconds of each, and the WAL of a sale."""
    seconds: Figures = {each.name: [] for each in VARIANTS}
    wal: Figures = {each.name: [] for each in VARIANTS}
    for number in range(TIMED):
        for each in VARIANTS:
            made(connection, first + number * PER_HOUR, PER_HOUR)
            before, began = _wal(connection), time.perf_counter()
            each.load(connection)
            connection.commit()
            seconds[each.name].append(time.perf_counter() - began)
            wal[each.name].append((_wal(connection) - before) / PER_HOUR)
    return seconds, wal


def measure_warehouse(url: SecretStr) -> None:
    """Measure the migrated schema when it is small and when it is full: hours in turn, then what is asked of it."""
    fill(url, 1, SMALL)
    found, sales = measured_loads(url, SMALL, "small")
    fill(url, sales + 1, SALES)
    full, sales = measured_loads(url, SALES, "full")
    found |= full | {"growth": full["hour full"] / found["hour small"]}
    with connected(url) as connection:
        for table in TABLES:
            sizes = text(
                "SELECT sum(pg_table_size(part)), sum(pg_indexes_size(part))"
                f" FROM (SELECT inhrelid AS part FROM pg_inherits WHERE inhparent = '{table}'::regclass"
                f" UNION SELECT '{table}'::regclass) AS parts"
            )
            heap, indexes = (float(each) / sales for each in connection.execute(sizes).one())
            print(f"{table}: {heap:.0f} and {indexes:.0f} bytes a sale, heap and indexes", flush=True)
            found |= {f"{table} heap": heap, f"{table} indexes": indexes}
    found |= dict(questions_ms(url))
    if SALES == WHOLE:
        results.record(year=found)


def measured_loads(url: SecretStr, sales: int, size: str) -> tuple[dict[str, float], int]:
    """Load hours, the last of them again, and judge their day; return the figures and the number of sales then.

    Each comes after a checkpoint, as live hours do: the first change of a page then writes it whole into the WAL.
    """
    seconds, wal = [], []
    hour = Hour.of(FIRST + sales * EACH + timedelta(hours=1))
    for number in range(TIMED):
        checkpoint(url)
        took, written = load_made(url, Hour.of(hour.start + timedelta(hours=number)), sales + 1)
        seconds.append(took)
        wal.append(written / PER_HOUR)
        sales += PER_HOUR
    last = Hour.of(hour.start + timedelta(hours=TIMED - 1))
    again, _ = load_made(url, last, sales + 1 - PER_HOUR, again=True)
    began = time.perf_counter()
    days = refresh_days(url, log=lambda _: None)
    found = {
        f"hour {size}": median(seconds),
        f"WAL of a sale {size}": median(wal),
        f"hour again {size}": again,
        f"day {size}": (time.perf_counter() - began) / len(days),
    }
    print(found, flush=True)
    return found, sales


def checkpoint(url: SecretStr) -> None:
    with connected(url) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("CHECKPOINT"))


def fill(url: SecretStr, first: int, until: int) -> None:
    """Write sales and who saw them at once, without the indexes meanwhile; roll up and judge the last days."""
    began = time.perf_counter()
    with connected(url) as connection:
        for number in range(first, until + 1, PORTION):
            add_month(connection, Hour.of(FIRST + number * EACH))
        add_month(connection, Hour.of(FIRST + (until + 1) * EACH))
        connection.execute(text(KINDS))
        indexes = connection.execute(text(INDEXES)).all()
        for name, _ in indexes:
            connection.execute(text(f"DROP INDEX {name}"))
        connection.commit()
        with ThreadPoolExecutor(2) as writers:
            portions = range(first, until + 1, PORTION)
            for done in writers.map(lambda start: _portion(url, start, min(PORTION, until + 1 - start)), portions):
                if done % 1_000_000 < PORTION:
                    print(f"  {done:,} sales after {time.perf_counter() - began:.0f} s", flush=True)
        for name, definition in indexes:
            connection.execute(text(definition))
            print(f"  {name} after {time.perf_counter() - began:.0f} s", flush=True)
        connection.execute(text(QUALITY))
        connection.commit()
    vacuum(url)
    print(f"{until:,} sales after {time.perf_counter() - began:.0f} s", flush=True)
    with connected(url) as connection:
        since = max(FIRST + first * EACH, FIRST + until * EACH - timedelta(days=DAYS))
        day = since.replace(hour=0, minute=0, second=0, microsecond=0)
        while day < FIRST + until * EACH:
            connection.execute(text(CHANGED), {"day": day})
            for file in ("refresh_1_collection_hourly.sql", "refresh_2_stale_day.sql"):
                connection.execute(text((MARTS / file).read_text()))
            connection.commit()
            day += timedelta(days=1)
    days = refresh_days(url, log=lambda _: None)
    print(f"{len(days)} days judged after {time.perf_counter() - began:.0f} s", flush=True)
    vacuum(url)


def _portion(url: SecretStr, first: int, count: int) -> int:
    with connected(url) as connection:
        made(connection, first, count)
        connection.execute(text(FILL))
        connection.execute(text(SEEN))
        connection.commit()
    return first + count - 1


def load_made(url: SecretStr, hour: Hour, first: int, *, again: bool = False) -> tuple[float, float]:
    """Load an hour by the steps of a load; return its seconds from staging on, and the bytes of WAL."""
    with connected(url) as connection:
        values = stage(connection, hour, Printed([], {}))
        made(connection, first, PER_HOUR)
        connection.execute(text(OBSERVED))
        [file] = json.loads(values["files"])
        before, began = _wal(connection), time.perf_counter()
        merge(connection, {**values, "again": again, "files": json.dumps([{**file, "lines": PER_HOUR}])})
        connection.commit()
        return time.perf_counter() - began, _wal(connection) - before


def questions_ms(url: SecretStr) -> Iterator[tuple[str, float]]:
    """Yield the median milliseconds of every question, as bench.query asks them."""
    with connected(url) as connection:
        newest = connection.scalar(text("SELECT max(hour) + interval '1 hour' FROM mart.hour_quality"))
        wallet = connection.scalar(text("SELECT '0x' || left(md5('w40') || md5('x40'), 40)"))
        contract = connection.scalar(text("SELECT '0x' || left(md5('c3') || md5('d3'), 40)"))
        connection.rollback()
        own = {"wallet": wallet, "collection": "collection-of-3", "contract": contract, "token": "7"}
        for name, question, given in asked():
            connection.execute(text(SESSION))
            values = values_of(question.parameters, {each: own[each] for each in given}, newest, newest)
            rounds = []
            for _ in range(3):
                began = time.perf_counter()
                connection.execute(text(question.sql), values).all()
                rounds.append(1000 * (time.perf_counter() - began))
            connection.rollback()
            over = median(rounds) > (GOAL_MS if "of one" in name else MARKET_GOAL_MS)
            print(
                f"{name:<40} {rounds[0]:8.0f} ms, then {median(rounds):8.0f} ms{'  over the goal' * over}", flush=True
            )
            yield name, median(rounds)


def made(connection: Connection, first: int, count: int) -> None:
    connection.execute(text("SELECT setseed(:seed)"), {"seed": first * 0.618034 % 1})  # another one for each portion
    connection.execute(text(MADE), {"first": first, "count": count, "start": FIRST})
    connection.execute(text("ANALYZE made"))


def _wal(connection: Connection) -> float:
    return float(connection.scalar(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")))


def _sizes(connection: Connection, table: str) -> dict[str, int]:
    """Return the bytes of a table, its partitions and dimensions (`heap`), and of each index, by its columns."""
    found: dict[str, int] = {"heap": 0}
    tables = connection.scalars(
        text("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relname ~ :name"),
        {"name": f"^{table}(_[0-9]+|_collection|_wallet)?$"},
    ).all()
    for each in tables:
        found["heap"] += connection.scalar(text(f"SELECT pg_table_size('{each}')"))
        for name, size in connection.execute(
            text(
                "SELECT substring(pg_get_indexdef(indexrelid) from ' USING (.*)'), pg_relation_size(indexrelid)"
                f" FROM pg_index WHERE indrelid = '{each}'::regclass"
            )
        ):
            found[name] = found.get(name, 0) + size
    return found
