"""How long each question takes on five million sales, and by which plan PostgreSQL answers it.

A hundred days of made-up sales: 2,000 collections and 200,000 wallets, few of which do most. The last 35 days are
scored for wash trades, further back than any question looks for what comes of it. Of 20 collections single orders and
transfers are kept, written in the order in which a load writes those of an hour: 3,000,000 orders, two thirds of which
are offers of 20 minutes, and 1,000,000 transfers, each from whom the token was transferred to before. The market's
counts have 300 rows an hour. Each question is asked as `tidemark query` does, with its defaults, and of one collection
or wallet where it takes one. The plans are kept in `bench/plans/`. Last, all sales that are not suspect are added up.
"""

import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median

from pydantic import SecretStr
from sqlalchemy import Connection, text

from bench import results
from bench.server import SETTINGS, warehouse
from tidemark.loader.marts import MARTS, refresh_days
from tidemark.loader.transform.order import NATIVE, OFFER_TOKENS
from tidemark.local.services.postgres import UNSAFE_BUT_FAST
from tidemark.query.parameter import values_of
from tidemark.query.postgres import SESSION
from tidemark.query.question import Question, questions
from tidemark.storage.postgres import connected

WHOLE = 5_000_000
SALES = int(os.environ.get("BENCH_SALES", WHOLE))  # a smaller trial is printed and not recorded
FIRST_DAY, DAYS = datetime(2026, 8, 1, tzinfo=UTC), 100
FIRST_JUDGED = FIRST_DAY + timedelta(days=DAYS - 35)
ROUNDS = 5
COLLECTION = "collection-20"  # of the 20 that are recorded one by one
WALLET = "0x" + sha256(b"64").hexdigest()[:40]
GOAL_MS, MARKET_GOAL_MS = 200, 1000
PLANS = Path(__file__).with_name("plans")

FILL = """
SELECT ops.add_month(CAST(:first_day AS timestamptz) + number * interval '1 day')
FROM generate_series(0, :days) AS number;
-- addresses that differ from their beginning on, as real ones do: those that do not are slower to compare
CREATE FUNCTION pg_temp.wallet(number integer) RETURNS text LANGUAGE sql IMMUTABLE
RETURN '0x' || left(encode(sha256(number::text::bytea), 'hex'), 40);
INSERT INTO core.nft_kind (nft_kind, contract_address)
SELECT core.kind_key(address, NULL, NULL, NULL), address
FROM generate_series(0, 2000) AS collection,
    LATERAL (SELECT '0x' || lpad(to_hex(collection), 40, '0') AS address) AS named;
SELECT setseed(0.5);
INSERT INTO core.sale_row (
    sale_uid, nft_kind, sold_at, sold_at_source, sent_after, received_at, chain, transaction_hash,
    order_hash, collection_slug, token_id, maker, taker, seller, buyer, side, side_source, price_raw, usd_rate,
    marketplace_share, royalty_share, is_private, is_replayed, source, loaded_at, first_collector, first_load_id
)
SELECT
    md5(number::text)::uuid, nft_kind, sold_at, core.word_to_code('transaction'), -1000000, sold_at + interval '4 s',
    core.word_to_code(chain),
    core.to_bytes('0x' || md5((number / 2)::text) || md5(number::text)), core.to_bytes('0x' || md5(number::text)),
    'collection-' || collection, token::text,
    core.to_bytes(seller), core.to_bytes(buyer), core.party_to_bytes(seller, seller, buyer),
    core.party_to_bytes(buyer, seller, buyer), core.word_to_code('listing'), core.word_to_code('order'),
    price * 1e18, 2000, 250, 500, false, false, core.word_to_code('stream'),
    sold_at + interval '60 s', core.word_to_code('collector-a'), 1
FROM (
    SELECT
        number, CAST(:first_day AS timestamptz) + number * (:days * interval '1 day' / :sales) AS sold_at,
        (ARRAY['ethereum', 'ethereum', 'base', 'polygon'])[1 + number % 4] AS chain,
        floor(2000 * random() ^ 3)::integer AS collection, floor(10000 * random())::integer AS token,
        pg_temp.wallet(floor(200000 * random() ^ 2)::integer) AS seller,
        pg_temp.wallet(floor(200000 * random() ^ 2)::integer) AS buyer,
        round((0.01 / (random() + 0.0001))::numeric, 6) AS price
    FROM generate_series(1, :sales) AS number
) AS made
JOIN core.nft_kind ON contract_address = '0x' || lpad(to_hex(collection), 40, '0');
INSERT INTO mart.hour_quality (
    hour, collectors, covered_s, covered_twice_s, repaired_s, gaps, sales, seen_by, recovered, quarantined,
    live_sales, sold_to_sent_p50_s, sent_to_received_p50_s, received_to_loaded_p50_s, sold_to_loaded_p50_s
)
SELECT source_hour, '{collector-a}', 3600, 0, 0, '{}', count(*), jsonb_build_object('collector-a', count(*)), 0, 0,
    count(*), 3, 1, 56, 60
FROM core.sale GROUP BY source_hour;
"""
MARKET = """
SELECT setseed(0.5);
INSERT INTO mart.market_hour
SELECT hour, true, '{collector-a,collector-b}', 100, true
FROM generate_series(CAST(:first_day AS timestamptz), :first_day + :days * interval '1 day', '1 hour') AS hour;
INSERT INTO ops.coverage
SELECT hour, collector, 'collection:collection-' || number, hour, hour + interval '1 hour'
FROM mart.market_hour, unnest(collectors) AS collector, generate_series(1, 20) AS number;
INSERT INTO mart.market_hourly (
    hour, chain, collection_slug, payment_token_address, payment_token_symbol, payment_token_decimals,
    listings, listers, lowest_listing_raw, item_bids, collection_offers, trait_offers, cancels, invalidations,
    revalidations,
    transfers, mints, burns, receivers
)
SELECT hour, 'ethereum', 'collection-' || number, CASE number % 3 WHEN 0 THEN :coin WHEN 1 THEN :wrapped END, NULL, 18,
    number % 7, 1, 1e18, number % 100, number % 5, number % 3, number % 80, 1, 0, number % 9, number % 4, number % 2, 1
FROM mart.market_hour, generate_series(1, 300) AS number;
INSERT INTO core.market_order (
    source_hour, kind, chain, order_hash, collection_slug, contract_address, token_id, maker, quantity, price_raw,
    unit_price_raw,
    payment_token_address, payment_token_symbol, payment_token_decimals, placed_at, expires_at, received_at
)
SELECT date_trunc('hour', at), kind, 'ethereum', '0xo' || md5(number::text), 'collection-' || collection,
    CASE kind WHEN 'listing' THEN '0x' || lpad(to_hex(collection), 40, '0') END,
    CASE kind WHEN 'listing' THEN token::text END,
    pg_temp.wallet(token), 1, price, price, CASE kind WHEN 'listing' THEN :coin ELSE :wrapped END,
    CASE kind WHEN 'listing' THEN 'ETH' ELSE 'WETH' END, 18, at,
    at + CASE kind WHEN 'listing' THEN interval '7 days' ELSE interval '20 minutes' END, at
FROM (
    SELECT number, 1 + number % 20 AS collection, floor(10000 * random())::integer AS token,
        CASE WHEN number % 3 = 0 THEN 'listing' ELSE 'collection_offer' END AS kind,
        CASE WHEN number % 3 = 0 THEN 1 + random() ELSE 0.9 * random() END::numeric * 10 ^ 18 AS price,
        CAST(:first_day AS timestamptz) + number * (:days * interval '1 day' / :orders) AS at
    FROM generate_series(1, :orders - 1) AS number
) AS made
ORDER BY date_trunc('hour', at), kind, collection, price;
INSERT INTO core.order_revision (source_hour, kind, chain, order_hash, collection_slug, revised_at, received_at)
SELECT date_trunc('hour', at), 'cancel', chain, order_hash, collection_slug, at, at
FROM core.market_order, LATERAL (SELECT placed_at + random() * (expires_at - placed_at) AS at) AS end_
WHERE order_hash < '0xo9';
INSERT INTO core.transfer
SELECT date_trunc('hour', at), CASE WHEN is_mint THEN 'mint' ELSE 'transfer' END, 'ethereum',
    '0x' || lpad(to_hex(collection), 40, '0'), token::text, 'collection-' || collection,
    CASE WHEN is_mint THEN :coin ELSE coalesce(holder, pg_temp.wallet(floor(200000 * random())::integer)) END,
    recipient, 1, hash, at, at
FROM (
    SELECT *, holder IS NULL AND number % 2 = 0 AS is_mint
    FROM (
        SELECT *, lag(recipient) OVER (PARTITION BY collection, token ORDER BY number) AS holder
        FROM (
            SELECT number, 1 + number % 20 AS collection, floor(10000 * random())::integer AS token,
                pg_temp.wallet(floor(200000 * random())::integer) AS recipient, '0xm' || md5(number::text) AS hash,
                CAST(:first_day AS timestamptz) + number * (:days * interval '1 day' / (:orders / 3)) AS at
            FROM generate_series(1, :orders / 3 - 1) AS number
        ) AS made
    ) AS moved
) AS known
ORDER BY date_trunc('hour', at), hash;
"""
CHANGED = """
CREATE TEMP TABLE leaving (LIKE core.sale) ON COMMIT DROP;
CREATE TEMP TABLE changed ON COMMIT DROP AS
SELECT DISTINCT chain, collection_slug, date_trunc('hour', sold_at) AS sold_hour, source_hour
FROM core.sale
WHERE sold_at >= :day AND sold_at < :day + interval '24 hours'
"""
INDEXES = """
SELECT indexrelid::regclass::text, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
FROM pg_index
WHERE indrelid = 'core.sale_row'::regclass
"""
NOT_SUSPECT = "SELECT count(*), sum(price_eth) FROM mart.sales WHERE is_suspect IS NOT TRUE"


def main() -> None:
    with warehouse(shared_gb=4, settings={**SETTINGS, **UNSAFE_BUT_FAST, "maintenance_work_mem": "1GB"}) as server:
        url = SecretStr(server.url())
        fill(url)
        PLANS.mkdir(exist_ok=True)
        found = dict(timed(url))
        with connected(url) as connection:
            not_suspect_s = seconds(connection, NOT_SUSPECT)
    print(f"those of {SALES:,} sales that are not suspect, added up: {not_suspect_s:.2f} s")
    if SALES == WHOLE:
        results.record(query_ms=found, not_suspect_s=not_suspect_s)
    slow = [name for name, ms in found.items() if ms > (GOAL_MS if "of one" in name else MARKET_GOAL_MS)]
    print(f"over the goal: {', '.join(slow) or 'none'}")


def fill(url: SecretStr) -> None:
    """Write the sales at once, and then day by day what loads and the scoring of days make of them."""
    began = time.perf_counter()
    with connected(url) as connection:
        indexes = connection.execute(text(INDEXES)).all()
        for name, _ in indexes:
            connection.execute(text(f"DROP INDEX {name}"))
        values = {"sales": SALES, "days": DAYS, "first_day": FIRST_DAY, "orders": SALES * 3 // 5}
        connection.execute(text(FILL), values)
        connection.execute(text(MARKET), values | {"coin": NATIVE, "wrapped": OFFER_TOKENS["ethereum"]})
        for _, definition in indexes:
            connection.execute(text(definition))
        connection.commit()
    vacuum(url)
    print(f"{SALES:,} sales made in {time.perf_counter() - began:.0f} s", flush=True)
    with connected(url) as connection:
        for number in range(DAYS):
            connection.execute(text(CHANGED), {"day": FIRST_DAY + timedelta(days=number)})
            for file in ("refresh_1_collection_hourly.sql", "refresh_2_stale_day.sql"):
                connection.execute(text((MARTS / file).read_text()))
            connection.commit()
        connection.execute(text("DELETE FROM mart.stale_day WHERE day < :first"), {"first": FIRST_JUDGED})
        connection.commit()
    vacuum(url)
    began = time.perf_counter()
    days = refresh_days(url, log=lambda _: None)
    print(f"{len(days)} days scored, {(time.perf_counter() - began) / len(days):.2f} s each", flush=True)
    vacuum(url)


def vacuum(url: SecretStr) -> None:
    with connected(url) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def timed(url: SecretStr) -> Iterator[tuple[str, float]]:
    """Yield the median milliseconds of every question on an open connection, its rows fetched; keep its plan."""
    with connected(url) as connection:
        newest = connection.scalar(text("SELECT max(hour) + interval '1 hour' FROM mart.hour_quality"))
        connection.rollback()
        for name, question, given in asked():
            connection.execute(text(SESSION))
            values = values_of(question.parameters, given, newest, newest)
            plan = connection.scalars(text(f"EXPLAIN (ANALYZE, BUFFERS) {question.sql}"), values)
            if SALES == WHOLE:
                (PLANS / f"{name.replace(' ', '_')}.txt").write_text("\n".join(plan) + "\n")
            ms = 1000 * seconds(connection, question.sql, values)
            connection.rollback()
            print(f"{name:<40} {ms:8.1f} ms", flush=True)
            yield name, ms


def seconds(connection: Connection, sql: str, values: Mapping[str, object] | None = None) -> float:
    """Return the median seconds of a statement, its rows fetched."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        connection.execute(text(sql), values).all()
        rounds.append(time.perf_counter() - began)
    return median(rounds)


def asked() -> Iterator[tuple[str, Question, dict[str, str]]]:
    for question in questions():
        names = {parameter.name: parameter.default for parameter in question.parameters}
        if "wallet" in names:
            yield f"{question.name} of one wallet", question, {"wallet": WALLET}
        if "collection" in names:
            yield f"{question.name} of one collection", question, {"collection": COLLECTION}
        if "contract" in names:
            yield f"{question.name} of one token", question, {"contract": f"0x{20:040x}", "token": "7"}
        if all(names.values()):
            yield question.name, question, {}
