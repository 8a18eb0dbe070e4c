"""mart.hour_quality: cover, sightings, the estimate of what was missed, repair and latency, counted by hand."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from tests.sql.market import Sale, at, load, refresh, sale, touch

HOUR = at("20T10:00")
WHOLE = (HOUR, HOUR + timedelta(hours=1))
GAP = text("INSERT INTO ops.gap VALUES (:hour, :collector, :topic, :from_at, :to_at, :reason)")


def quality(connection: Connection) -> dict[str, Any]:
    connection.commit()
    return dict(
        connection.execute(text("SELECT * FROM mart.hour_quality WHERE hour = :hour"), {"hour": HOUR}).mappings().one()
    )


def rows_read(connection: Connection) -> int:
    connection.execute(text("SELECT pg_stat_force_next_flush()"))
    connection.commit()
    statement = (
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_all_tables WHERE relid = 'core.sale_sighting'::regclass"
    )
    count: int = connection.scalar(text(statement))
    connection.commit()
    return count


def seen(*groups: tuple[int, str], start: str = "20T10:10", **other: Any) -> list[Sale]:
    """Return a number of sales for each set of collectors, such as (3, "a+b")."""
    return [
        sale(start, f"cats/{names}{number}", "0xs", "0xt", "1", seen_by=tuple(names.split("+")), **other)
        for count, names in groups
        for number in range(count)
    ]


def both(*collectors: str) -> Sequence[tuple[str, Any, Any]]:
    return [(collector, *WHOLE) for collector in collectors]


def test_the_missed_are_estimated_from_two_samples(connection: Connection) -> None:
    load(connection, HOUR, seen((3, "a"), (2, "b"), (10, "a+b")), both("a", "b"))
    found = quality(connection)
    assert (found["collectors"], found["sales"], found["seen_by"]) == (["a", "b"], 15, {"a": 3, "b": 2, "a+b": 10})
    # Chapman: 3 * 2 / (10 + 1). Expected are 3.5 * 2.5 / 10.5 = 0.8333, times and divided by
    # exp(1.96 * sqrt(1/3.5 + 1/2.5 + 1/10.5)) = 5.6524
    # from 0.147 to 4.710; and of a count around these 4.710 + 1.96 * sqrt(4.710)
    assert (found["seen_in_overlap"], found["missed_estimate"]) == (15, Decimal("0.55"))
    assert (found["missed_low"], found["missed_high"]) == (0, 9)


def test_where_neither_missed_one_hardly_any_can_be_missing(connection: Connection) -> None:
    load(connection, HOUR, seen((100, "a+b")), both("a", "b"))
    found = quality(connection)
    assert (found["missed_estimate"], found["missed_low"]) == (0, 0)
    assert found["missed_high"] == 1  # 0.82, to the nearest whole sale


def test_only_time_that_both_covered_is_a_sample(connection: Connection) -> None:
    halves = [("a", *WHOLE), ("b", at("20T10:30"), WHOLE[1])]
    before = seen((9, "a"), start="20T10:10")
    within = seen((1, "b"), (4, "a+b"), start="20T10:40")
    load(connection, HOUR, [*before, *within], halves)
    found = quality(connection)
    assert (found["covered_s"], found["covered_twice_s"], found["seen_in_overlap"], found["missed_estimate"]) == (
        3600,
        1800,
        5,
        0,
    )


def test_one_collector_or_none_gives_no_estimate(connection: Connection) -> None:
    load(connection, HOUR, seen((2, "a")), both("a"))
    found = quality(connection)
    assert (found["covered_s"], found["covered_twice_s"]) == (3600, 0)
    assert (found["seen_in_overlap"], found["missed_estimate"], found["missed_low"], found["missed_high"]) == (
        None,
    ) * 4


def test_of_three_collectors_one_is_held_against_the_others_together(connection: Connection) -> None:
    # a covers most; of the others' 2 + 3 + 5 it saw 5
    stretches = [("a", *WHOLE), ("b", HOUR, at("20T10:50")), ("c", at("20T10:05"), at("20T10:55"))]
    load(connection, HOUR, seen((4, "a"), (2, "b+c"), (3, "c"), (5, "a+c")), stretches)
    found = quality(connection)
    # covered twice: 10:00 to 10:55
    assert (found["covered_s"], found["covered_twice_s"]) == (3600, 3300)
    assert found["missed_estimate"] == Decimal("3.33")  # 4 * 5 / 6


def test_a_broadcast_weeks_later_is_no_sight_of_then(connection: Connection) -> None:
    missed = seen((1, "a"))
    load(connection, HOUR, missed, both("a", "b"))
    connection.commit()
    again = {"sale_uid": missed[0]["sale_uid"], "hour": at("27T10:00")}
    connection.execute(text("INSERT INTO core.sale_sighting VALUES (:sale_uid, :hour, 'b', 1, :hour)"), again)
    touch(connection, missed)
    refresh(connection, at("27T10:00"))
    assert quality(connection)["seen_by"] == {"a": 1}


def test_a_sight_in_the_next_hour_counts(connection: Connection) -> None:
    late = seen((1, "a"), start="20T10:59")
    load(connection, HOUR, late, both("a", "b"))
    connection.commit()
    again = {"sale_uid": late[0]["sale_uid"], "hour": at("20T11:00")}
    connection.execute(text("INSERT INTO core.sale_sighting VALUES (:sale_uid, :hour, 'b', 1, :hour)"), again)
    touch(connection, late)
    refresh(connection, at("20T11:00"))
    assert quality(connection)["seen_by"] == {"a+b": 1}


def test_replayed_sales_are_no_sample_and_have_no_latency(connection: Connection) -> None:
    load(connection, HOUR, seen((5, "a"), is_replayed=True), both("a", "b"))
    found = quality(connection)
    assert (found["sales"], found["seen_in_overlap"], found["sold_to_sent_p50_s"]) == (5, None, None)
    assert (found["live_sales"], found["sold_to_loaded_p50_s"]) == (0, None)


def test_gaps_are_named_and_repair_fills_them(connection: Connection) -> None:
    covered = [("a", HOUR, at("20T10:50")), ("events-api-1", at("20T10:45"), WHOLE[1])]
    values = {"hour": HOUR, "collector": "a", "topic": "collection:*", "from_at": at("20T10:50"), "to_at": WHOLE[1]}
    connection.execute(GAP, {**values, "reason": "not_running"})
    load(connection, HOUR, [*seen((1, "a")), *seen((1, "events-api-1"), source="events_api")], covered)
    found = quality(connection)
    assert (found["collectors"], found["covered_s"], found["repaired_s"]) == (["a"], 3000, 600)
    assert (found["gaps"], found["recovered"], found["seen_by"]) == ({"a": {"not_running": 600}}, 1, {"a": 1})


def cover(connection: Connection, *stretches: tuple[str, str, Any, Any]) -> None:
    """Let collectors cover topics for a while."""
    for collector, topic, start, end in stretches:
        values = {"hour": HOUR, "collector": collector, "topic": topic, "start": start, "end": end}
        connection.execute(text("INSERT INTO ops.coverage VALUES (:hour, :collector, :topic, :start, :end)"), values)


def test_an_hour_is_covered_when_all_its_topics_are(connection: Connection) -> None:
    cover(connection, ("a", "one", HOUR, at("20T10:40")), ("a", "two", at("20T10:20"), WHOLE[1]))
    load(connection, HOUR, [])
    assert quality(connection)["covered_s"] == 1200


def test_a_topic_that_was_never_covered_covers_nothing(connection: Connection) -> None:
    cover(connection, ("a", "one", *WHOLE))
    values = {"hour": HOUR, "collector": "a", "topic": "two", "from_at": HOUR, "to_at": WHOLE[1], "reason": "refused"}
    connection.execute(GAP, values)
    load(connection, HOUR, [])
    found = quality(connection)
    assert (found["covered_s"], found["gaps"]) == (0, {"a": {"refused": 3600}})


def test_two_collectors_that_cover_one_topic_each_cover_both(connection: Connection) -> None:
    cover(connection, ("a", "one", *WHOLE), ("b", "two", *WHOLE), ("a", "two", HOUR, at("20T10:10")))
    load(connection, HOUR, [])
    found = quality(connection)
    assert (found["covered_s"], found["covered_twice_s"]) == (3600, 0)


def test_who_covers_the_whole_market_covers_each_collection(connection: Connection) -> None:
    cover(connection, ("a", "collection:*", *WHOLE), ("b", "collection:cats", HOUR, at("20T10:10")))
    load(connection, HOUR, [])
    found = quality(connection)
    assert (found["covered_s"], found["covered_twice_s"]) == (3600, 0)


def test_the_repair_of_one_topic_repairs_no_other(connection: Connection) -> None:
    for topic in ("collection:cats", "collection:dogs"):
        values = {"hour": HOUR, "collector": "a", "topic": topic, "from_at": HOUR, "to_at": WHOLE[1]}
        connection.execute(GAP, {**values, "reason": "not_running"})
    cover(
        connection,
        ("events-api-1", "collection:cats", *WHOLE),
        ("events-api-1", "collection:dogs", HOUR, at("20T10:10")),
    )
    load(connection, HOUR, [])
    found = quality(connection)
    assert (found["covered_s"], found["repaired_s"]) == (0, 600)


def test_a_repair_is_no_second_collector(connection: Connection) -> None:
    """It covers nothing twice, and what a collector covered is not repaired; two runs repair a gap once."""
    cover(
        connection,
        ("a", "collection:*", HOUR, at("20T10:30")),
        ("b", "collection:*", HOUR, at("20T10:10")),
        ("events-api-1", "collection:*", at("20T10:20"), WHOLE[1]),
        ("events-api-2", "collection:*", at("20T10:20"), WHOLE[1]),
    )
    values = {"hour": HOUR, "topic": "collection:*", "to_at": WHOLE[1], "reason": "not_running"}
    connection.execute(GAP, {**values, "collector": "a", "from_at": at("20T10:30")})
    connection.execute(GAP, {**values, "collector": "b", "from_at": at("20T10:10")})
    load(connection, HOUR, [])
    found = quality(connection)
    assert (found["covered_s"], found["covered_twice_s"], found["repaired_s"]) == (1800, 600, 1800)


def test_latencies(connection: Connection) -> None:
    sales = [
        sale("20T10:00", f"cats/{n}", "0xs", "0xt", "1", sent_at=HOUR + timedelta(seconds=n)) for n in range(1, 102)
    ]
    load(connection, HOUR, sales, both("a"))
    found = quality(connection)
    # 1 to 101 seconds: the 51st, the 96th and the 100th of them
    assert [found[f"sold_to_sent_p{p}_s"] for p in (50, 95, 99)] == [51, 96, 100]
    assert found["received_to_loaded_p50_s"] == 56
    assert [found[f"sold_to_loaded_p{p}_s"] for p in (50, 95, 99)] == [60, 60, 60]
    assert found["live_sales"] == 101


def test_an_hour_is_not_joined_row_by_row_where_statistics_are_older_than_its_sales(connection: Connection) -> None:
    sales = seen((300, "a+b"))
    load(connection, HOUR, sales, both("a", "b"))
    connection.commit()
    # as an ANALYZE leaves them that ran while the table's only rows were not committed yet
    connection.execute(
        text("""
            UPDATE pg_class SET reltuples = 0, relpages = pg_relation_size(oid) / 8192
            WHERE oid = 'core.sale_sighting'::regclass OR relnamespace = 'months'::regnamespace AND relkind = 'r'
        """)
    )
    connection.commit()
    before = rows_read(connection)
    touch(connection, sales)
    refresh(connection, HOUR)
    assert quality(connection)["seen_by"] == {"a+b": 300}
    assert rows_read(connection) - before < 10 * len(sales)
