from datetime import UTC, datetime

import psycopg2
import pytest
from pydantic import SecretStr

from tests.sql.market import fill
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.query.page.html import Home, html_of
from tidemark.query.page.page import Asked, asked_of, month_after, month_of, month_page, range_page

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


def test_an_address_is_read_and_unknown_names_are_ignored() -> None:
    assert asked_of({}) == Asked()
    asked = asked_of({"month": "2026-02", "hour": "2026-02-03T04", "collection": " cats ", "view": "audit", "at": "1"})
    assert asked == Asked(Hour.parse("2026-02-01T00"), Hour.parse("2026-02-03T04"), "cats", "audit")


@pytest.mark.parametrize(
    "query",
    [
        {"month": "2026-13"}, {"month": "2026-1"}, {"month": "<script>"}, {"hour": "yesterday"}, {"view": "x"},
        {"hour": "2026-02-30T00"}, {"hour": "9999-12-31T23"}, {"hour": "0001-01-01T00"}, {"collection": "a\0b"},
        {"month": "20२६-01"},
    ],
)  # fmt: skip
def test_a_value_that_is_none_says_how_to_write_it(query: dict[str, str]) -> None:
    with pytest.raises(Problem) as raised:
        asked_of(query)
    assert raised.value.hint


def test_months_follow_each_other_over_a_years_end() -> None:
    assert month_of(Hour.parse("2026-12-31T23")) == Hour.parse("2026-12-01T00")
    assert month_after(Hour.parse("2026-12-01T00")) == Hour.parse("2027-01-01T00")
    assert month_after(Hour.parse("2028-02-01T00")) == Hour.parse("2028-03-01T00")


@pytest.mark.postgres
def test_an_empty_warehouse_has_a_page_of_this_month(warehouse_url: str) -> None:
    page = month_page(SecretStr(warehouse_url), Asked(), NOW)
    assert (page.first.key, page.last.key) == ("2026-11-01T00", "2026-11-30T23")
    assert (page.loaded, page.days, page.missing, page.details) == (None, [], [], [])
    assert page.market
    assert page.market.totals["Sales"] == "unknown"
    assert range_page(SecretStr(warehouse_url), None, None, None, NOW).last == Hour.parse("2026-11-22T23")


@pytest.mark.postgres
def test_the_month_the_hour_and_the_market_of_what_was_loaded(warehouse_url: str) -> None:
    fill(warehouse_url)
    page = month_page(SecretStr(warehouse_url), asked_of({"hour": "2026-11-20T10"}), NOW)
    assert page.loaded == (Hour.parse("2026-11-20T10"), Hour.parse("2026-11-21T14"))
    assert [str(day.day) for day in page.days] == ["2026-11-22", "2026-11-21", "2026-11-20"]
    (detail,) = page.details
    assert detail.hour.key == "2026-11-20T10"
    assert detail.counts["Sales"] == "2"
    assert page.market
    assert page.market.totals["Sales"] == "13"
    before = range_page(SecretStr(warehouse_url), Hour.parse("2026-11-10T00"), Hour.parse("2026-11-11T23"), None, NOW)
    html = html_of(before, Home(is_file=True))
    assert "Nothing is known of it: no hour of it is loaded" in html
    assert "every hour that is over is loaded" not in html
    assert "No sales." not in html
    assert before.market
    assert set(before.market.totals.values()) == {"unknown"}
    earlier = month_page(SecretStr(warehouse_url), asked_of({"month": "2024-11"}), NOW)
    assert (earlier.days, earlier.missing) == ([], [])


@pytest.mark.postgres
def test_a_range_explains_each_loaded_hour_and_is_at_most_a_year(warehouse_url: str) -> None:
    fill(warehouse_url)
    page = range_page(SecretStr(warehouse_url), Hour.parse("2026-11-20T10"), Hour.parse("2026-11-20T12"), "cats", NOW)
    assert [each.hour.key for each in page.details] == ["2026-11-20T10", "2026-11-20T11", "2026-11-20T12"]
    assert (page.first.key, page.last.key) == ("2026-11-20T00", "2026-11-20T23")
    for first, last in (("2026-11-20T10", "2026-11-20T09"), ("2024-11-20T10", "2026-11-20T09")):
        with pytest.raises(Problem, match="not a range of at most a year"):
            range_page(SecretStr(warehouse_url), Hour.parse(first), Hour.parse(last), None, NOW)


@pytest.mark.postgres
def test_a_range_without_an_end_and_the_page_say_that_loading_stopped(warehouse_url: str) -> None:
    fill(warehouse_url)
    for first in ("2026-11-20T10", "2026-11-22T00"):
        page = range_page(SecretStr(warehouse_url), Hour.parse(first), None, None, NOW)
        assert page.last == Hour.parse("2026-11-22T23")
        assert page.missing[0].last == Hour.parse("2026-11-22T14")
        assert "to 2026-11-21 14:00, none of the 24 since." in html_of(page, Home(is_file=True))
    assert range_page(SecretStr(warehouse_url), None, None, None, NOW).last == Hour.parse("2026-11-21T23")


@pytest.mark.postgres
def test_a_market_that_cannot_be_read_leaves_the_calendar(warehouse_url: str) -> None:
    fill(warehouse_url)
    connection = psycopg2.connect(warehouse_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("REVOKE SELECT ON mart.collection_hourly FROM tidemark_reader")
    connection.close()
    page = month_page(SecretStr(warehouse_url), Asked(), NOW)
    assert page.market is None
    assert len(page.days) == 3
    assert "may not read the warehouse" in page.problems[0].what
