from collections import Counter
from contextlib import closing
from datetime import timedelta
from decimal import Decimal

import psycopg2
import pytest

from tidemark.core.hour import LENGTH, Hour
from tidemark.local.figures import HourQuality, LoadedHour, TopCollection
from tidemark.local.warehouse import loads, qualities, sales, top_collections
from tidemark.simulator.message import SaleKey

TEN = Hour.parse("2026-11-20T10")
pytestmark = pytest.mark.postgres

SALES = """
INSERT INTO core.sale (
    sale_uid, fill, payload_hash, sold_at, sold_at_source, received_at, chain, transaction_hash, order_hash,
    collection_slug, contract_address, token_id, side, side_source, price_raw, payment_token_decimals, eth_rate,
    is_replayed, source, source_hour, loaded_at, first_collector, first_load_id
)
SELECT
    gen_random_uuid(), 1, 0, %(hour)s, 'event', %(hour)s, 'base', '0x' || number, nullif(hash, ''),
    slug, '0xc0', number, 'unknown', 'none', 1000 * eth, 3, 1,
    false, 'stream', %(hour)s, now(), 'collector-a', 1
FROM (
    VALUES ('1', '', 'tugboats', 1.5), ('2', '0xab', 'tugboats', 2.25), ('3', '', 'anchors', NULL), ('4', '', NULL, 9)
) AS given (number, hash, slug, eth)
"""
LOADS = """
INSERT INTO ops.load_run (
    source_hour, fingerprint, collectors, started_at, finished_at, software, files, lines, inserted, replaced,
    duplicates, other, quarantined, superseded
)
SELECT %(hour)s, 'f', '{a}', now(), now(), 'test', 1, lines, inserted, 1, 2, 3, 4, 0
FROM (VALUES (20, 10), (10, 0)) AS given (lines, inserted)
"""
QUALITY = """
INSERT INTO mart.hour_quality (
    hour, collectors, covered_s, covered_twice_s, repaired_s, gaps, sales, seen_by, missed_estimate, missed_low,
    missed_high, recovered, quarantined, api_unseen, loss, loss_low, loss_high
)
VALUES (%(hour)s, '{a,b}', 3600, 1800, 90, '{}', 7, '{}', 0.5, 0, 2.5, 3, 0, 2, 0.02, 0.001, 0.05)
"""


@pytest.fixture
def url(warehouse_url: str) -> str:
    with closing(psycopg2.connect(warehouse_url)) as connection, connection, connection.cursor() as cursor:
        for statement in (SALES, LOADS, QUALITY):
            cursor.execute(statement, {"hour": TEN.start})
    return warehouse_url


def test_every_sale_is_counted_by_what_makes_it_one(url: str) -> None:
    hashes = {"1": "", "2": "0xab", "3": "", "4": ""}
    assert sales(url, [TEN]) == Counter(SaleKey("base", f"0x{n}", "0xc0", n, order) for n, order in hashes.items())
    assert sales(url, [TEN.next()]) == Counter()


def test_an_hour_has_the_counts_of_its_first_load(url: str) -> None:
    assert loads(url) == {TEN: LoadedHour(lines=20, inserted=10, replaced=1, duplicates=2, quarantined=4)}


def test_quality_comes_as_spans_of_time(url: str) -> None:
    estimate, loss = (Decimal("0.5"), Decimal(0), Decimal("2.5")), (Decimal("0.02"), Decimal("0.001"), Decimal("0.05"))
    assert qualities(url) == {TEN: HourQuality(LENGTH, LENGTH / 2, timedelta(seconds=90), *estimate, 3, 2, *loss)}


def test_the_largest_volume_comes_first_and_the_unknown_last(url: str) -> None:
    assert top_collections(url, [TEN], 8) == [
        TopCollection("(none)", 1, Decimal(9)),
        TopCollection("tugboats", 2, Decimal("3.75")),
        TopCollection("anchors", 1, None),
    ]
    assert top_collections(url, [TEN], 1) == [TopCollection("(none)", 1, Decimal(9))]
    assert top_collections(url, [TEN.next()], 8) == []
