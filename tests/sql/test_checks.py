"""Every check of sql/checks/: silent on a sound warehouse, and loud once its error is planted."""

# ruff: noqa: E501  (statements are read whole)

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from tests.sql.market import at, fill, sale
from tidemark.core.hour import Hour
from tidemark.loader.checks import checks, run_checks
from tidemark.storage.postgres import connected

HOUR = Hour(at("20T10:00"))
LATER = Hour(at("29T10:00"))  # of which the market has nothing
LOADED = """
    WITH run AS (
        INSERT INTO ops.load_run (
            source_hour, fingerprint, collectors, started_at, finished_at, software,
            files, lines, inserted, replaced, duplicates, other, quarantined, superseded
        )
        VALUES ('2026-11-20T10:00Z', 'f', '{a}', now(), now(), 'test', 1, 3, 2, 0, 0, 0, 1, 0)
        RETURNING load_id
    ),
    file AS (
        INSERT INTO ops.load_file (
            load_id, file, key, collector, sha256, bytes, lines, inserted, replaced, duplicates, other, quarantined
        )
        SELECT load_id, 1, 'k', 'a', 's', 1, 3, 2, 0, 0, 0, 1 FROM run
    ),
    gap AS (
        INSERT INTO ops.gap
        VALUES ('2026-11-20T10:00Z', 'b', 'collection:*', '2026-11-20T10:00Z', '2026-11-20T10:15Z', 'not_running')
    ),
    reject AS (
        INSERT INTO ops.reject VALUES ('2026-11-20T10:00Z', 'k', 'a', 'item_sold', 'cut', 1, 1)
    ),
    event AS (
        INSERT INTO ops.event_count VALUES ('2026-11-20T10:00Z', 'a', 'item_transferred', 3, 3, 0)
    ),
    kind AS (
        INSERT INTO ops.market_count
        VALUES ('2026-11-20T10:00Z', 'transfer', 2, 2, 0, 0), ('2026-11-20T10:00Z', 'mint', 1, 1, 0, 0)
    ),
    counted AS (
        INSERT INTO mart.market_hourly (
            hour, collection_slug, listings, listers, item_bids, collection_offers, trait_offers, cancels, invalidations,
            revalidations, transfers, mints, burns, receivers
        )
        VALUES ('2026-11-20T10:00Z', 'cats', 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 1)
    )
    INSERT INTO ops.quarantine (source_hour, key, line, collector, reason, raw, raw_bytes)
    VALUES ('2026-11-20T10:00Z', 'k', 3, 'a', 'cut', '{', 1)
"""

# the first sale of the market: cats/1 for 1 ETH at 10:05, source hour 10:00
FIRST = "(SELECT sale_uid FROM core.sale ORDER BY sold_at LIMIT 1)"
ALONE = "(SELECT sale_uid FROM core.sale WHERE sold_at = '2026-11-20T11:00Z')"  # in its hour
OTHER = "gen_random_uuid()"
COPY = """
    INSERT INTO core.sale
    SELECT copy.*
    FROM core.sale,
        jsonb_populate_record(sale, jsonb_build_object('sale_uid', gen_random_uuid(), {changes})) AS copy
    WHERE sale.sale_uid = {first}
"""

SUPERSEDED = """
    WITH old AS (DELETE FROM core.sale WHERE sale_uid = {first} RETURNING *)
    INSERT INTO core.sale_superseded
    SELECT named.* FROM old,
        jsonb_populate_record(NULL::core.sale_superseded, to_jsonb(old) || jsonb_build_object('same_as', sale_uid)) AS named
"""

FLAGGED = """
    INSERT INTO mart.suspect_sale VALUES ({first}, false);
    INSERT INTO mart.sale_flags
    SELECT sale_uid, 'self_trade', 1, true, sold_at FROM core.sale WHERE sale_uid = {first}
"""

FIGURES = ["sales", "items", "volume_eth", "volume_usd", "without_eth", "without_usd", "implausible", "buyers", "sellers",
           "low_eth", "median_eth", "high_eth"]  # fmt: skip
CLEAN = [f"{name}_clean" for name in FIGURES if name not in ("items", "without_eth", "without_usd", "implausible")]
WALLET = ["bought", "sold", "spent_eth", "earned_eth", "spent_usd", "earned_usd", "implausible", "collections"]
MARKET = {
    "market_daily": ["sales", "buyers", "sellers", "bought_and_sold", "without_wallets", "sales_with_fee_known", "fee_eth",
                     "fee_usd", "fee_of_usd", "listings", "offers", "unknown_side", "listings_eth", "offers_eth",
                     "listing_median_eth", "offer_median_eth", "whale_eth", "implausible"],
    "payment_token_daily": ["sales", "volume", "volume_eth", "volume_usd", "without_usd", "implausible"],
    "price_range_daily": ["sales", "prices_eth"],
    "collection_royalty_daily": ["sales", "sales_with_royalty_known", "royalty_eth", "royalty_usd", "royalty_of_eth",
                                 "implausible"],
    "sweep_daily": ["sales", "volume_eth", "volume_usd", "collections", "sellers", "without_eth", "implausible"],
    "top_sale_daily": ["price_usd"],
}  # fmt: skip
SWEEP = [
    sale("20T15:00", f"cats/{number}", "0xs", "0xsweeper", "1", transaction_hash="0xfive") for number in range(20, 25)
]

OF_THE_WHOLE = {
    "resale_missing",
    "sale_in_two_months",
}  # which are not checked after each load: they look into each month
PLANTED = {
    "market_disagrees": [
        "INSERT INTO ops.market_count VALUES ('2026-11-20T10:00Z', 'listing', 3, 2, 0, 1)",
        """
        INSERT INTO mart.market_hourly (
            hour, listings, listers, item_bids, collection_offers, trait_offers, cancels, invalidations, revalidations,
            transfers, mints, burns, receivers
        )
        VALUES ('2026-11-20T10:00Z', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0)
        """,
        """
        INSERT INTO ops.event_count VALUES ('2026-11-20T10:00Z', 'a', 'item_cancelled', 5, 4, 1);
        INSERT INTO ops.market_count VALUES ('2026-11-20T10:00Z', 'cancel', 3, 0, 3, 0)
        """,
    ],
    "amounts": [
        f"UPDATE core.sale SET royalty_raw = price_raw + 1 WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET marketplace_fee_raw = -1 WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET marketplace_fee_raw = -100 * price_raw WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET quantity = 2 WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET quantity = 2, price_raw = NULL WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET quantity = 0 WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET quantity = NULL WHERE sale_uid = {FIRST}",
    ],
    "conflict_orphans": [
        f"INSERT INTO ops.sale_conflict VALUES ({OTHER}, '{{}}', 'd', 'stream', now(), now(), 'a', '{HOUR.start}')",
    ],
    "coverage_bounds": [
        f"INSERT INTO ops.coverage VALUES ('{HOUR.start}', 'c', 't', '2026-11-20T10:59Z', '2026-11-20T11:01Z')",
        f"INSERT INTO ops.gap VALUES ('{HOUR.start}', 'c', 't', '2026-11-20T09:59Z', '2026-11-20T10:01Z', 'r')",
        f"INSERT INTO ops.gap VALUES ('{HOUR.start}', 'a', 'collection:*', '2026-11-20T10:30Z', '2026-11-20T10:31Z', 'r')",
    ],
    "coverage_complete": [
        "DELETE FROM ops.gap WHERE collector = 'b'",
        "UPDATE ops.coverage SET to_at = to_at - interval '1 us' WHERE collector = 'a'",
        "UPDATE ops.coverage SET from_at = from_at + interval '1 us' WHERE collector = 'a'",
        "DELETE FROM ops.coverage WHERE collector = 'a'",
        f"INSERT INTO ops.topic_count VALUES ('{HOUR.start}', 'a', 'collection:cats', '{{0}}', '{{1}}', '{{0}}')",
    ],
    "daily_disagrees": [
        *(f"UPDATE mart.collection_daily SET {name} = 77 WHERE collection_slug = 'cats'" for name in FIGURES + CLEAN),
        *(f"UPDATE mart.collection_daily SET {name} = NULL WHERE collection_slug = 'cats'" for name in CLEAN),
        *(f"UPDATE mart.wallet_daily SET {name} = 77 WHERE wallet = '0xalice'" for name in WALLET),
        "UPDATE mart.collection_daily SET chain = 'base' WHERE collection_slug = 'cats'",
        "DELETE FROM mart.collection_daily",
        "DELETE FROM mart.wallet_daily WHERE wallet = '0xalice'",
        "INSERT INTO mart.wallet_daily (day, chain, wallet, bought, sold, implausible, collections) VALUES ('2026-11-20', 'base', '0xz', 0, 0, 0, 0)",
    ],
    "market_daily_disagrees": [
        *(f"UPDATE mart.{table} SET {name} = 77" for table, names in MARKET.items() for name in names),
        *(f"UPDATE mart.{table} SET chain = 'zora' WHERE chain = 'ethereum'" for table in MARKET),
        *(f"DELETE FROM mart.{table}" for table in MARKET),
        "DELETE FROM mart.market_daily WHERE chain IS NULL",
        "UPDATE mart.payment_token_daily SET payment_token_symbol = 'XYZ'",
        "UPDATE mart.payment_token_daily SET payment_token_address = NULL WHERE chain = 'base'",
        "UPDATE mart.price_range_daily SET from_eth = 3 WHERE from_eth = 2",
        "UPDATE mart.collection_royalty_daily SET collection_slug = NULL WHERE collection_slug = 'dogs'",
        "UPDATE mart.sweep_daily SET sold_at = sold_at + interval '1 us'",
        "UPDATE mart.sweep_daily SET transaction_hash = '0xother'",
        "UPDATE mart.sweep_daily SET buyer = '0xother'",
        f"UPDATE core.sale_row SET side = core.word_to_code('offer') WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET royalty_raw = 1 WHERE sale_uid = {FIRST}",
    ],
    "duplicate_sales": [
        COPY.format(changes="'nft_name', 'again'", first=FIRST),
        COPY.format(changes="'order_hash', '0xo'", first=FIRST),
        COPY.format(changes="'buyer', NULL, 'taker', NULL", first=FIRST),
        COPY.format(changes="'quantity', NULL", first=FIRST),
        COPY.format(changes="'price_raw', NULL", first=FIRST),
        COPY.format(changes="'payment_token_address', NULL", first=FIRST),
        f"UPDATE core.sale SET side_source = 'payment_token' WHERE sale_uid = {FIRST};"
        + COPY.format(changes="'seller', buyer, 'buyer', seller, 'source', 'events_api'", first=FIRST),
    ],
    "flags_disagree": [
        f"UPDATE core.sale_row SET seller = buyer WHERE sale_uid = {FIRST}",
        f"{FLAGGED.format(first=FIRST)}; INSERT INTO mart.flag_method VALUES (2, 'self_trade', true, 1, 1, 'd')",
        f"{FLAGGED.format(first=FIRST)}; UPDATE mart.sale_flags SET sold_at = '2026-11-19T10:00Z'",
        FLAGGED.format(first=FIRST),
        FLAGGED.format(first=FIRST).replace("self_trade", "same_pair").replace("true", "false"),
        f"INSERT INTO mart.suspect_sale VALUES ({FIRST}, false)",
        f"{FLAGGED.format(first=FIRST).replace('self_trade', 'same_pair')}; UPDATE mart.suspect_sale SET is_implausible = true",
        f"{FLAGGED.format(first=FIRST).replace('self_trade', 'same_pair')}; DELETE FROM mart.suspect_sale",
        f"UPDATE core.sale_row SET taker = maker WHERE sale_uid = {FIRST}",
        f"{FLAGGED.format(first=FIRST).replace('self_trade', 'same_pair')}; UPDATE core.sale_row SET seller = buyer WHERE sale_uid = {FIRST}",
    ],
    "hour_quality_disagrees": [
        f"UPDATE mart.hour_quality SET sales = 7 WHERE hour = '{HOUR.start}'",
        f"UPDATE mart.hour_quality SET repaired_s = 1 WHERE hour = '{HOUR.start}'",
        f"UPDATE mart.hour_quality SET covered_twice_s = 3601 WHERE hour = '{HOUR.start}'",
        "DELETE FROM mart.hour_quality",
    ],
    "hourly_disagrees": [
        *(f"UPDATE mart.collection_hourly SET {name} = 77 WHERE hour = '{HOUR.start}'" for name in FIGURES + CLEAN),
        *(f"UPDATE mart.collection_hourly SET {name} = NULL WHERE hour = '{HOUR.start}'" for name in CLEAN),
        f"DELETE FROM mart.collection_hourly WHERE hour = '{HOUR.start}'",
        f"UPDATE mart.collection_hourly SET chain = 'base' WHERE hour = '{HOUR.start}'",
    ],
    "load_balance": [
        "UPDATE ops.load_file SET lines = 2, inserted = 1",
        "DELETE FROM ops.quarantine",
        "DELETE FROM ops.reject",
        "UPDATE ops.reject SET lines = 2",
    ],
    "parties": [
        f"UPDATE core.sale_row SET seller = core.to_bytes('0xmallory') WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET side = 'offer' WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale_row SET buyer = NULL WHERE sale_uid = {FIRST}",
    ],
    "resale_missing": ["DELETE FROM mart.resale"],
    "nft_kinds": [
        "UPDATE core.nft_kind SET fee_recipient = '0xsomebody'",
        "UPDATE core.nft_kind SET contract_address = '0xdogs'",
        "UPDATE core.nft_kind SET name_prefix = 'Cat #'",
        "DELETE FROM core.nft_kind",
        "UPDATE core.nft_kind SET token_standard = 'erc1155'",
    ],
    "sale_times": [
        f"UPDATE core.sale SET sold_at = received_at + interval '6 minutes' WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET sold_at = '1970-01-01T00:00Z' WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET received_at = '2026-11-20T11:00Z' WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET received_at = '2026-11-20T09:59Z', sold_at = '2026-11-20T09:59Z' WHERE sale_uid = {FIRST}",
        f"""
        UPDATE core.sale
        SET source = 'events_api', received_at = '2026-12-20T11:00Z', sold_at = '2026-11-21T12:00Z'
        WHERE sale_uid = {FIRST}
        """,
    ],
    "sale_in_two_months": [
        f"""
        SELECT ops.add_month('2026-10-20Z');
        INSERT INTO core.sale_row
        SELECT changed.*
        FROM core.sale_row AS sale,
            jsonb_populate_record(sale, '{{"source_hour": "2026-10-20T10:00Z"}}') AS changed
        WHERE sale.sale_uid = {FIRST}
        """,
    ],
    "sighting_orphans": [
        f"INSERT INTO core.sale_sighting VALUES ({OTHER}, '{HOUR.start}', 'a', 1, now())",
        f"DELETE FROM core.sale_sighting WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale_sighting SET source_hour = source_hour + interval '1 hour' WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET first_collector = 'b' WHERE sale_uid = {FIRST}",
        f"{SUPERSEDED.format(first=FIRST)}; DELETE FROM core.sale_sighting WHERE source_hour = '{HOUR.start}'",
    ],
    "spelling": [
        f"UPDATE core.sale SET chain = 'Ethereum' WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale SET chain = 'matic' WHERE sale_uid = {FIRST}",
        f"UPDATE core.sale_row SET buyer = core.to_bytes('0xBOB') WHERE sale_uid = {FIRST}",
    ],
}


@pytest.fixture(scope="module")
def checked_url(market_copy: str) -> str:
    """A warehouse with the market, a sweep and one load in `ops`."""
    fill(market_copy, SWEEP, coverage=())
    with connected(SecretStr(market_copy)) as connection:
        connection.execute(text(LOADED))
        connection.commit()
    return market_copy


@pytest.fixture
def connection(checked_url: str) -> Iterator[Connection]:
    """A transaction in which an error may be planted; nothing of it stays."""
    with connected(SecretStr(checked_url)) as open_connection:
        yield open_connection


def _found(connection: Connection, name: str, hour: Hour | None) -> int:
    (sql,) = [check.sql for check in checks() if check.name == name]
    return len(connection.execute(text(sql), {"hour": hour.start if hour else None}).all())


def test_a_sound_warehouse_passes(checked_url: str) -> None:
    assert run_checks(SecretStr(checked_url)) == []
    assert run_checks(SecretStr(checked_url), HOUR) == []


@pytest.mark.parametrize(("name", "error"), [(name, error) for name, errors in PLANTED.items() for error in errors])
def test_a_planted_error_is_caught(connection: Connection, name: str, error: str) -> None:
    assert _found(connection, name, None) == 0
    connection.execute(text(error))
    assert _found(connection, name, HOUR) > 0 or name in OF_THE_WHOLE
    assert _found(connection, name, None) > 0
    assert _found(connection, name, LATER) == 0
    assert _found(connection, name, None) > 0


@pytest.mark.parametrize(
    ("name", "likeness"),
    [
        (
            "duplicate_sales",
            f"UPDATE core.sale_row SET order_hash = core.to_bytes('0x0a') WHERE sale_uid = {FIRST};"
            + COPY.format(changes="'order_hash', '0x0b', 'quantity', NULL", first=FIRST),
        ),
        *(
            ("sale_times", f"UPDATE core.sale SET {times} WHERE sale_uid = {FIRST}")
            for times in (
                "sold_at = received_at + interval '5 minutes'",
                "sold_at = '2015-08-07T00:00Z'",
                "sold_at = source_hour, received_at = source_hour",
                "sold_at = source_hour + interval '25 hours', received_at = '2026-12-20T11:00Z', source = 'events_api'",
            )
        ),
        (
            "load_balance",
            """
            INSERT INTO ops.quarantine (source_hour, key, line, collector, reason, raw, raw_bytes)
            VALUES ('2026-11-20T10:00Z', 'other', 3, 'left-out-of-the-newest-load', 'cut', '{', 1)
            """,
        ),
        (
            "hourly_disagrees",
            COPY.format(changes="'chain', 'base', 'seller', NULL", first=ALONE)
            + """;
            INSERT INTO mart.collection_hourly
            SELECT (jsonb_populate_record(hourly, '{"chain": "base", "sellers": 0, "sellers_clean": 0}')).*
            FROM mart.collection_hourly AS hourly
            WHERE hour = '2026-11-20T11:00Z'
            """,
        ),
        (
            "flags_disagree",
            (
                f"UPDATE core.sale_row SET seller = buyer WHERE sale_uid = {FIRST}; "
                f"INSERT INTO mart.stale_day (day) VALUES ('{HOUR.start:%Y-%m-%d}')"
            ),
        ),
    ],
)
def test_what_is_only_like_an_error_passes(connection: Connection, name: str, likeness: str) -> None:
    connection.execute(text(likeness))
    assert _found(connection, name, None) == 0


def test_an_error_of_another_hour_is_not_this_hours(connection: Connection) -> None:
    connection.execute(text(PLANTED["amounts"][0]))
    assert _found(connection, "amounts", HOUR.next()) == 0


def test_every_check_has_its_error() -> None:
    assert {check.name for check in checks()} == set(PLANTED)


def test_a_failure_says_what_is_wrong_and_what_to_do(warehouse_url: str) -> None:
    fill(warehouse_url)
    with connected(SecretStr(warehouse_url)) as connection:
        connection.execute(text(PLANTED["parties"][0]))
        connection.commit()
    failure = {each.check.name: each for each in run_checks(SecretStr(warehouse_url), HOUR)}["parties"]
    assert str(failure).startswith("parties: 1 wrong rows. Seller and buyer of a listing are not its maker and taker")
    assert "seller=0xmallory" in str(failure)
