"""What stands open, from gaps and coverage as loads leave them."""

from datetime import timedelta

import pytest

from tests.loader.contents import query
from tidemark.core.hour import Hour
from tidemark.loader.repair.postgres import open_stretches
from tidemark.loader.repair.stretch import Stretch
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
        self._write("gap", collector, stretch(start, end, topic, hour), reason="process_died")
        return self

    def covered(self, collector: str, start: float, end: float, topic: str = MARKET) -> "Warehouse":
        self._write("coverage", collector, stretch(start, end, topic))
        return self

    def _write(self, table: str, collector: str, of: Stretch, **more: str) -> None:
        row = {"source_hour": of.hour.start, "collector": collector, "topic": of.topic, "from_at": of.start}
        columns = row | {"to_at": of.end} | more
        places = ", ".join("%s" for _ in columns)
        statement = f"INSERT INTO ops.{table} ({', '.join(columns)}) VALUES ({places})"
        query(self._settings.warehouse_url.get_secret_value(), statement, *columns.values())

    def open(self, first: Hour = HOUR, last: Hour = HOUR) -> list[Stretch]:
        with connected(self._settings.warehouse_url) as connection:
            return open_stretches(connection, first, last)


def stretch(start: float, end: float, topic: str = MARKET, hour: Hour = HOUR) -> Stretch:
    return Stretch(hour, topic, hour.start + timedelta(minutes=start), hour.start + timedelta(minutes=end))


def test_nothing_is_open_in_an_empty_warehouse(opened: Warehouse) -> None:
    assert opened.open() == []


def test_only_what_nobody_covered_is_open(opened: Warehouse) -> None:
    opened.gap("a", 5, 20).covered("a", 0, 5).covered("a", 20, 60)
    opened.gap("b", 15, 30).covered("b", 0, 15).covered("b", 30, 60)
    assert opened.open() == [stretch(15, 20)]


def test_gaps_of_two_collectors_that_touch_are_one_stretch(opened: Warehouse) -> None:
    opened.gap("a", 5, 20).gap("b", 20, 30)
    assert opened.open() == [stretch(5, 30)]


def test_what_a_repair_covered_is_not_asked_for_again(opened: Warehouse) -> None:
    opened.gap("a", 5, 20).covered("events-api-1", 12, 20)
    assert opened.open() == [stretch(5, 12)]


def test_a_collector_of_the_whole_market_covers_each_collection_but_not_the_reverse(opened: Warehouse) -> None:
    opened.gap("a", 5, 20, APES).covered("b", 0, 10)
    opened.gap("b", 10, 15).covered("a", 0, 5, APES)
    assert opened.open() == [stretch(10, 20, APES), stretch(10, 15)]


def test_the_newest_comes_first_and_hours_outside_stay_out(opened: Warehouse) -> None:
    later = HOUR.next()
    opened.gap("a", 0, 1).gap("a", 50, 60).gap("a", 0, 2, hour=later).gap("a", 0, 1, hour=later.next())
    assert opened.open(HOUR, later) == [stretch(0, 2, hour=later), stretch(50, 60), stretch(0, 1)]
