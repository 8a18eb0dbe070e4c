"""What is open, from gaps and coverage as loads leave them."""

from datetime import timedelta

import pytest

from tests.loader.contents import query
from tidemark.core.hour import Hour
from tidemark.loader.repair.postgres import TRIES, due_hours, open_windows
from tidemark.loader.repair.window import GapWindow
from tidemark.loader.settings import LoaderSettings
from tidemark.storage.postgres import connected

pytestmark = pytest.mark.postgres
HOUR = Hour.parse("2026-11-22T15")
MARKET, APES = "collection:*", "collection:boredapeyachtclub"


@pytest.fixture
def opened(settings: LoaderSettings) -> "Warehouse":
    return Warehouse(settings)


class Warehouse:
    """A warehouse that is told of gaps and coverage, in minutes after an hour's start."""

    def __init__(self, settings: LoaderSettings) -> None:
        self._settings = settings

    def gap(self, collector: str, start: float, end: float, topic: str = MARKET, *, hour: Hour = HOUR) -> "Warehouse":
        self._write("gap", collector, window(start, end, topic, hour), reason="process_died")
        return self

    def covered(self, collector: str, start: float, end: float, topic: str = MARKET) -> "Warehouse":
        self._write("coverage", collector, window(start, end, topic))
        return self

    def set_aside(self, collector: str, reason: str = "malformed") -> "Warehouse":
        row = {"source_hour": HOUR.start, "key": f"{collector}.zst", "collector": collector, "event_type": "item_sold",
               "reason": reason, "lines": 1, "quarantined": 1}  # fmt: skip
        statement = f"INSERT INTO ops.reject ({', '.join(row)}) VALUES ({', '.join('%s' for _ in row)})"
        query(self._settings.warehouse_url.get_secret_value(), statement, *row.values())
        return self

    def _write(self, table: str, collector: str, of: GapWindow, **more: str) -> None:
        row = {"source_hour": of.hour.start, "collector": collector, "topic": of.topic, "from_at": of.start}
        columns = row | {"to_at": of.end} | more
        places = ", ".join("%s" for _ in columns)
        statement = f"INSERT INTO ops.{table} ({', '.join(columns)}) VALUES ({places})"
        query(self._settings.warehouse_url.get_secret_value(), statement, *columns.values())

    def detached(self, month: str) -> "Warehouse":
        statement = "INSERT INTO core.detached_month (month, sales, software) VALUES (%s, 1, 'test')"
        query(self._settings.warehouse_url.get_secret_value(), statement, month)
        return self

    def open(self, first: Hour = HOUR, last: Hour = HOUR, *, closed: bool = False) -> list[GapWindow]:
        with connected(self._settings.warehouse_url) as connection:
            return open_windows(connection, first, last, closed=closed)

    def due(self, first: Hour = HOUR, last: Hour = HOUR, *, closed: bool = False) -> list[Hour]:
        with connected(self._settings.warehouse_url) as connection:
            return [due.hour for due in due_hours(connection, first, last, again=False, closed=closed)]


def window(start: float, end: float, topic: str = MARKET, hour: Hour = HOUR) -> GapWindow:
    return GapWindow(hour, topic, hour.start + timedelta(minutes=start), hour.start + timedelta(minutes=end))


def test_nothing_is_open_in_an_empty_warehouse(opened: Warehouse) -> None:
    assert opened.open() == []


def test_only_what_no_collector_covered_is_open(opened: Warehouse) -> None:
    opened.gap("a", 5, 20).covered("a", 0, 5).covered("a", 20, 60)
    opened.gap("b", 15, 30).covered("b", 0, 15).covered("b", 30, 60)
    assert opened.open() == [window(15, 20)]


def test_gaps_of_two_collectors_that_touch_are_one_window(opened: Warehouse) -> None:
    opened.gap("a", 5, 20).gap("b", 20, 30)
    assert opened.open() == [window(5, 30)]


def test_what_a_repair_covered_is_not_asked_for_again(opened: Warehouse) -> None:
    opened.gap("a", 5, 20).covered("events-api-1", 12, 20)
    assert opened.open() == [window(5, 12)]


def test_a_collector_of_the_whole_market_covers_each_collection_but_not_the_reverse(opened: Warehouse) -> None:
    opened.gap("a", 5, 20, APES).covered("b", 0, 10)
    opened.gap("b", 10, 15).covered("a", 0, 5, APES)
    assert opened.open() == [window(10, 20, APES), window(10, 15)]


def test_the_newest_comes_first_and_hours_outside_stay_out(opened: Warehouse) -> None:
    later = HOUR.next()
    opened.gap("a", 0, 1).gap("a", 50, 60).gap("a", 0, 2, hour=later).gap("a", 0, 1, hour=later.next())
    assert opened.open(HOUR, later) == [window(0, 2, hour=later), window(50, 60), window(0, 1)]


def test_what_was_fetched_and_set_aside_stays_open_until_it_was_tried_often_enough(opened: Warehouse) -> None:
    opened.gap("a", 5, 20).gap("a", 30, 40)
    for number in range(TRIES):
        assert opened.open() == [window(30, 40), window(5, 20)]
        opened.covered(f"events-api-{number}", 5, 20).set_aside(f"events-api-{number}")
    assert opened.open() == [window(30, 40)]


def test_sales_of_detached_months_that_a_repair_fetched_do_not_open_what_it_covered(opened: Warehouse) -> None:
    opened.gap("a", 5, 20).covered("events-api-1", 5, 20).set_aside("events-api-1", "detached")
    assert opened.open() == []


def test_hours_that_a_detached_month_closed_are_not_asked_about(opened: Warehouse) -> None:
    closed, first_open = Hour.parse("2026-12-01T23"), Hour.parse("2026-12-02T00")
    opened.gap("a", 5, 20, hour=closed).gap("a", 5, 20, hour=first_open).detached("2026-10-01")
    assert opened.open(closed, first_open) == [window(5, 20, hour=first_open)]
    assert opened.open(closed, first_open, closed=True) == [window(5, 20, hour=closed)]
    assert opened.due(closed, first_open) == [first_open]
    assert opened.due(closed, first_open, closed=True) == [closed]


def test_lines_that_a_collector_could_not_read_do_not_open_what_it_covered(opened: Warehouse) -> None:
    opened.gap("a", 5, 20).covered("b", 0, 60).set_aside("b")
    assert opened.open() == []
