"""What filled a gap, and how many sales that brought: sql/load/9_repaired.sql."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from tests.sql.market import REPAIRED, at, insert, sale, touch
from tidemark.loader.warehouse.load import SQL

HOUR = at("20T10:00")
END = HOUR + timedelta(hours=1)
STEP = text((SQL / "load" / "9_repaired.sql").read_text())


def gap(connection: Connection, collector: str, topic: str, start: datetime, end: datetime) -> None:
    values = {"hour": HOUR, "collector": collector, "topic": topic, "start": start, "end": end}
    statement = "INSERT INTO ops.gap VALUES (:hour, :collector, :topic, :start, :end, 'not_running')"
    connection.execute(text(statement), values)


def recovered(connection: Connection, *sold_at: str) -> dict[tuple[str, str, str], int | None]:
    """Let a repair of the whole hour bring sales of cats, and return what each gap recovered."""
    statement = "INSERT INTO ops.coverage VALUES (:hour, 'events-api-1', 'collection:*', :hour, :end)"
    connection.execute(text(statement), {"hour": HOUR, "end": END})
    rows = [sale(time, f"cats/{number}", "0xs", "0xb", "1", **REPAIRED) for number, time in enumerate(sold_at)]
    for row in rows:
        insert(connection, row)
    touch(connection, rows)
    connection.execute(STEP, {"hour": HOUR})
    found = connection.execute(text("SELECT collector, topic, from_at, recovered FROM ops.gap")).all()
    return {(row.collector, row.topic.partition(":")[2], f"{row.from_at:%H:%M}"): row.recovered for row in found}


def test_a_sale_counts_once_over_neighbouring_gaps(connection: Connection) -> None:
    """It counts where it was sold, although it may have been sent in the gap that begins a minute later."""
    gap(connection, "a", "collection:*", at("20T10:05"), at("20T10:10"))
    gap(connection, "a", "collection:*", at("20T10:10"), at("20T10:20"))
    assert recovered(connection, "20T10:09", "20T10:11", "20T10:04") == {("a", "*", "10:05"): 2, ("a", "*", "10:10"): 1}


def test_each_collector_that_missed_it_counts_it_once(connection: Connection) -> None:
    gap(connection, "a", "collection:*", at("20T10:05"), at("20T10:10"))
    gap(connection, "a", "collection:cats", at("20T10:05"), at("20T10:10"))
    gap(connection, "b", "collection:*", at("20T10:00"), END)
    assert recovered(connection, "20T10:07") == {
        ("a", "*", "10:05"): 0,
        ("a", "cats", "10:05"): 1,
        ("b", "*", "10:00"): 1,
    }


@pytest.mark.parametrize(("sold_at", "expected"), [("20T10:02", 0), ("20T10:03", 1), ("20T10:09", 1), ("20T10:10", 0)])
def test_a_sale_may_be_sent_two_minutes_after_it_was_sold(connection: Connection, sold_at: str, expected: int) -> None:
    gap(connection, "a", "collection:*", at("20T10:05"), at("20T10:10"))
    assert recovered(connection, sold_at) == {("a", "*", "10:05"): expected}


def test_only_what_the_events_api_brought_was_recovered(connection: Connection) -> None:
    gap(connection, "a", "collection:*", at("20T10:05"), at("20T10:10"))
    insert(connection, sale("20T10:07", "cats/9", "0xs", "0xb", "1"))
    assert recovered(connection) == {("a", "*", "10:05"): 0}


def test_a_gap_of_another_collection_recovers_nothing(connection: Connection) -> None:
    gap(connection, "a", "collection:dogs", at("20T10:05"), at("20T10:10"))
    assert recovered(connection, "20T10:07") == {("a", "dogs", "10:05"): 0}
