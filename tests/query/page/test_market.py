from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.query.page.hours import loaded, not_loaded
from tidemark.core.hour import Hour, hours
from tidemark.query.coverage import HourCoverage
from tidemark.query.page.market import amount, book_of, market_of

NONE: dict[str, list[Any]] = {"sales_by_hour": [], "top_collections": [], "latest_sales": []}


def sold(key: str, sales: int, eth: str | None) -> dict[str, Any]:
    volume = None if eth is None else Decimal(eth)
    return {"hour": Hour.parse(key).start, "sales": sales, "volume_eth": volume, "volume_usd": volume}


def test_totals_are_exact_sums_of_what_is_known() -> None:
    rows = NONE | {"sales_by_hour": [sold("2026-11-22T10", 3, "1.1"), sold("2026-11-22T11", 2, None)]}
    market = market_of([loaded("2026-11-22T10"), loaded("2026-11-22T11")], rows)
    assert market.totals == {"Sales": "5", "Volume, ETH": "1.100", "Volume, US dollars": "1", "Collections": "0"}
    assert (market.since, market.until) == ("2026-11-22 10:00", "2026-11-22 12:00")


def test_an_hour_without_sales_is_a_zero_and_one_that_was_not_loaded_has_no_bar() -> None:
    rows = NONE | {"sales_by_hour": [sold("2026-11-22T10", 3, "1.1")]}
    coverage = [loaded("2026-11-22T10"), loaded("2026-11-22T11"), not_loaded("2026-11-22T12")]
    for chart in market_of(coverage, rows).charts:
        assert chart.count('class="rect reactive') == 2


def test_an_hour_of_which_nothing_was_covered_is_unknown_and_not_0() -> None:
    gap = loaded("2026-11-22T11", covered_percent=Decimal(0), open_s=Decimal(3600))
    rows = NONE | {"sales_by_hour": [sold("2026-11-22T10", 3, "1.1")]}
    for chart in market_of([loaded("2026-11-22T10"), gap], rows).charts:
        assert chart.count('class="rect reactive') == 1
    for unknown in (gap, not_loaded("2026-11-22T11")):
        market = market_of([unknown], NONE)
        assert (set(market.totals.values()), market.is_known) == ({"unknown"}, False)
    assert market_of([loaded("2026-11-22T11")], NONE).totals["Sales"] == "0"


def test_a_volume_of_which_nothing_is_known_is_unknown_and_not_0() -> None:
    rows = NONE | {"sales_by_hour": [sold("2026-11-22T10", 3, None)]}
    market = market_of([loaded("2026-11-22T10")], rows)
    assert (market.totals["Sales"], market.totals["Volume, ETH"]) == ("3", "unknown")
    assert [chart.count('class="rect reactive') for chart in market.charts] == [0, 1]


def test_a_long_range_is_shown_by_day() -> None:
    month = [HourCoverage(hour, {}) for hour in hours(Hour.parse("2026-11-01T00"), Hour.parse("2026-11-30T23"))]
    rows = NONE | {"sales_by_hour": [sold("2026-11-22T10", 3, "1.1"), sold("2026-11-22T11", 2, "2")]}
    chart = market_of(month, rows).charts[1]
    assert "Sales by day" in chart
    assert chart.count('class="rect reactive') == 1


def test_nothing_sold_is_no_chart() -> None:
    market = market_of([loaded("2026-11-22T10")], NONE)
    assert (market.charts, market.top, market.latest) == ([], [], [])


def test_sales_and_collections_without_a_price_or_name_are_said_to_have_none() -> None:
    top = {"chain": "base", "collection": None, "sales": 1, "volume_eth": None, "low_eth": None, "collections": 7}
    sale = {"sold_at": datetime(2026, 11, 22, 10, 1, 2, tzinfo=UTC), "chain": "base", "collection": None, "nft": None,
            "price": None, "token": "X", "price_usd": None, "is_suspect": True}  # fmt: skip
    market = market_of([loaded("2026-11-22T10")], NONE | {"top_collections": [top], "latest_sales": [sale]})
    assert market.totals["Collections"] == "7"
    assert market.top[0] | {"collection": "(none)", "volume": "unknown", "share": "0"} == market.top[0]
    expected = {"at": "11-22 10:01:02", "price": "unknown", "dollars": "unknown", "suspect": "suspected wash trade"}
    assert market.latest[0] | expected == market.latest[0]


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        ("1234.5678", 3, "1,234.568"),
        ("0.000012345", 3, "0.0000123"),
        ("0", 2, "0.00"),
        ("0.99", 0, "0.99"),
        ("2", 0, "2"),
    ],
)
def test_an_amount_keeps_what_a_person_reads(value: str, digits: int, written: str) -> None:
    assert amount(Decimal(value), digits) == written


def test_the_book_is_shown_by_chain_and_unknown_where_it_is_not_known() -> None:
    rows = [
        {"at": Hour.parse(f"2026-11-2{day}T00").start, "chain": chain, "token": "ETH", "floor": floor,
         "best_offer": Decimal("0.5"), "spread": None}
        for chain in ("base", "ethereum")
        for day, floor in ((1, Decimal(1)), (2, None))
    ]  # fmt: skip
    base, ethereum = book_of(rows)
    assert (base.chain, ethereum.chain) == ("base", "ethereum")
    assert base.totals == {"Listed floor, ETH": "unknown", "Best offer, ETH": "0.500", "Spread, ETH": "unknown"}
    assert base.chart
    assert "Floor and best offer on base" in base.chart
    unknown = [row | {"floor": None, "best_offer": None} for row in rows]
    assert [book.chart for book in book_of(unknown)] == [None, None]
    assert book_of([]) == []
