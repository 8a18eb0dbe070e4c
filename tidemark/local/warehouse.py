"""What the warehouse holds of some hours: every sale, what each load did, and which collections sold most."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import psycopg2

from tidemark.core.hour import Hour
from tidemark.local.figures import HourQuality, LoadedHour, TopCollection
from tidemark.simulator.message import SaleKey

_SALES = """
SELECT chain, transaction_hash, contract_address, token_id, coalesce(order_hash, '')
FROM core.sale WHERE source_hour = ANY(%s)
"""
_LOADS = """
SELECT DISTINCT ON (source_hour) source_hour, lines, inserted, replaced, duplicates, quarantined
FROM ops.load_run ORDER BY source_hour, load_id
"""
_QUALITY = """
SELECT hour, covered_s * interval '1 second', covered_twice_s * interval '1 second', repaired_s * interval '1 second',
    missed_estimate, missed_low, missed_high, recovered, api_unseen, loss, loss_low, loss_high
FROM mart.hour_quality
"""
_TOP = """
SELECT coalesce(collection_slug, '(none)'), count(*), sum(price_eth)
FROM core.sale WHERE source_hour = ANY(%s) GROUP BY 1 ORDER BY 3 DESC NULLS LAST, 2 DESC, 1 LIMIT %s
"""


def sales(url: str, hours: Sequence[Hour]) -> Counter[SaleKey]:
    """Return how many rows the warehouse has of each sale of these hours."""
    return Counter(SaleKey(*row) for row in _rows(url, _SALES, ([hour.start for hour in hours],)))


def loads(url: str) -> dict[Hour, LoadedHour]:
    """Return what the first load of each hour did."""
    return {Hour.of(start): LoadedHour(*counts) for start, *counts in _rows(url, _LOADS)}


def qualities(url: str) -> dict[Hour, HourQuality]:
    """Return how well each loaded hour was recorded, repairs included."""
    return {Hour.of(start): HourQuality(*values) for start, *values in _rows(url, _QUALITY)}


def top_collections(url: str, hours: Sequence[Hour], count: int) -> list[TopCollection]:
    """Return the collections with the largest volume in these hours, the largest first."""
    return [TopCollection(*row) for row in _rows(url, _TOP, ([hour.start for hour in hours], count))]


def _rows(url: str, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(url, client_encoding="utf8")) as connection, connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()
