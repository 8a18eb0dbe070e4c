"""The coverage steps of a load: what nothing accounts for, and silence that other collectors contradict."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from tests.sql.recorded import HOUR, START, Recorded, Row, Sold, Warehouse, minute, whole

STAR, CATS = "collection:*", "collection:cats"
END = START + HOUR
US = timedelta(microseconds=1)


def sold(at: float, *collectors: str, slug: str = "dogs", late: float = 1.0, **other: object) -> Sold:
    """Return a sale that collectors received, the second a second after the first, and so on."""
    received = {name: minute(at) + timedelta(seconds=late * place) for place, name in enumerate(collectors)}
    number = round(at * 1_000_000) * 10 + len(slug)
    return Sold(number, slug, received, **other)  # type: ignore[arg-type]


def gap(collector: str, topic: str, start: datetime, end: datetime, reason: str = "silent") -> Row:
    return (collector, topic, start, end, reason)


def gaps(connection: Connection, sales: list[Sold], *manifests: Recorded) -> set[Row]:
    warehouse = Warehouse(connection, sales)
    warehouse.load(*manifests)
    return warehouse.rows()[1]


HEARD = [sold(5, "b", "a"), sold(30, "b", "a")]


def test_four_sales_in_a_row_that_only_another_received_are_a_silence(connection: Connection) -> None:
    missed = [sold(10 + n / 10, "b") for n in range(4)]
    silent = gap("a", STAR, minute(5) + US, minute(30) + timedelta(seconds=1))
    assert gaps(connection, [*HEARD, *missed], whole("a"), whole("b")) == {silent}


@pytest.mark.parametrize(
    "between",
    [
        [sold(10 + n / 10, "b") for n in range(3)],
        [*(sold(10 + n / 10, "b") for n in range(3)), sold(10.5, "a"), sold(10.6, "b")],
        [sold(10 + n / 10, "b", replayed=True) for n in range(4)],
        [sold(10 + n / 10, "events-api-1") for n in range(4)],
    ],
    ids=["three", "interrupted", "replayed", "a repair"],
)
def test_anything_less_is_none(connection: Connection, between: list[Sold]) -> None:
    assert gaps(connection, [*HEARD, *between], whole("a"), whole("b")) == set()


def test_only_what_it_claims_is_silent(connection: Connection) -> None:
    missed = [sold(10 + n / 10, "b") for n in range(4)]
    partly = Recorded("a", START, {STAR: [(START, minute(9)), (minute(10), END)]}, {STAR: [(minute(9), minute(10))]})
    assert gaps(connection, [*HEARD, *missed], partly, whole("b")) == {
        gap("a", STAR, minute(5) + US, minute(9)),
        gap("a", STAR, minute(9), minute(10), "not_running"),
        gap("a", STAR, minute(10), minute(30) + timedelta(seconds=1)),
    }


def test_a_known_gap_is_no_silence(connection: Connection) -> None:
    missed = [sold(10 + n / 10, "b") for n in range(8)]
    partly = Recorded("a", START, {STAR: [(START, minute(9)), (minute(12), END)]}, {STAR: [(minute(9), minute(12))]})
    assert gaps(connection, [*HEARD, *missed], partly, whole("b")) == {
        gap("a", STAR, minute(9), minute(12), "not_running")
    }


def test_of_different_topics_nothing_is_said(connection: Connection) -> None:
    sales = [sold(10 + n, "b", slug="dogs") for n in range(8)] + [sold(30 + n, "a", slug="cats") for n in range(8)]
    manifests = whole("a", START, CATS), whole("b", START, "collection:dogs")
    assert gaps(connection, sales, *manifests) == set()


def test_the_whole_market_speaks_for_each_collection(connection: Connection) -> None:
    sales = [sold(10 + n, "b", slug="cats") for n in range(4)] + [sold(10.5 + n, "b", slug="dogs") for n in range(4)]
    assert gaps(connection, sales, whole("a", START, CATS), whole("b")) == {gap("a", CATS, START, END)}


def test_a_collection_speaks_for_the_whole_market(connection: Connection) -> None:
    sales = [sold(10 + n, "b", slug="cats") for n in range(4)] + [sold(10.5 + n, "a", slug="dogs") for n in range(4)]
    assert gaps(connection, sales, whole("a"), whole("b", START, CATS)) == {gap("a", STAR, START, END)}


def test_one_topic_may_die_beside_another_that_brings_the_same_sales(connection: Connection) -> None:
    """`*` of a is dead; what a received came by the collection."""
    topics = {"a": (CATS,), "b": (CATS, STAR)}
    sales = [sold(n, "b", "a", slug="cats", topics=topics) for n in range(10, 20)]
    before = [sold(n, "b", "a", slug="cats") for n in (5, 40)]
    dead = Recorded("a", START, {STAR: [(START, END)], CATS: [(START, END)]}, {}, quiet={STAR: range(9, 21)})
    both = dead, whole("b", START, STAR, CATS)
    assert gaps(connection, sales + before, *both) == {gap("a", STAR, minute(8), minute(22))}


def test_minutes_without_messages_are_a_silence_only_inside(connection: Connection) -> None:
    """What others received in the first or last of them may have come a moment earlier or later."""
    topics = {"a": (CATS,), "b": (CATS, STAR)}
    sales = [sold(12 + n / 10, "b", "a", slug="cats", topics=topics) for n in range(8)]
    deaf = Recorded("a", START, {STAR: [(START, END)], CATS: [(START, END)]}, {}, quiet={STAR: range(12, 30)})
    assert gaps(connection, sales, deaf, whole("b", START, STAR, CATS)) == set()


def test_of_three_the_silent_one_is_named(connection: Connection) -> None:
    missed = [sold(10 + n / 10, "b" if n % 2 else "c") for n in range(4)]
    around = [sold(5, "a", "b", "c"), sold(30, "a", "b", "c")]
    assert gaps(connection, [*around, *missed], whole("a"), whole("b"), whole("c")) == {
        gap("a", STAR, minute(5) + US, minute(30))
    }


def test_a_silence_that_crosses_the_hour(connection: Connection) -> None:
    sales = [sold(55, "b", "a"), *(sold(59 + n / 2, "b") for n in range(5)), sold(63, "b", "a")]
    warehouse = Warehouse(connection, sales)
    warehouse.load(whole("a"), whole("b"))
    assert warehouse.rows()[1] == set()  # near the boundary the next hour has to be known
    warehouse.load(whole("a", END), whole("b", END))
    assert warehouse.rows()[1] == {
        gap("a", STAR, minute(55) + US, END),
        gap("a", STAR, END, minute(63) + timedelta(seconds=1)),
    }


def test_what_was_received_in_the_next_hour_is_no_silence(connection: Connection) -> None:
    sales = [sold(59.9 + n / 1000, "b", "a", late=30) for n in range(6)]
    warehouse = Warehouse(connection, sales)
    warehouse.load(whole("a"), whole("b"))
    warehouse.load(whole("a", END), whole("b", END))
    assert warehouse.rows()[1] == set()


def test_a_silence_is_taken_back_when_the_collector_reports_the_sales(connection: Connection) -> None:
    sales = [*HEARD, *(sold(10 + n / 10, "b", "a") for n in range(4))]
    deaf = [Sold(each.number, each.slug, {"b": each.received["b"]}) for each in sales[2:]]
    first = Warehouse(connection, [*HEARD, *deaf])
    first.load(whole("a"), whole("b"))
    assert len(first.rows()[1]) == 1
    connection.execute(text("DELETE FROM core.sale_sighting"))
    connection.execute(text("DELETE FROM core.sale"))
    again = Warehouse(connection, sales)
    again.load(whole("a"))
    again.load(whole("b"))
    assert again.rows()[1] == set()


def test_what_is_not_accounted_for_is_a_gap(connection: Connection) -> None:
    half = Recorded("a", START, {STAR: [(minute(10), minute(40))]}, {STAR: [(minute(50), minute(55))]})
    assert gaps(connection, [], half) == {
        gap("a", STAR, START, minute(10), "unaccounted"),
        gap("a", STAR, minute(40), minute(50), "unaccounted"),
        gap("a", STAR, minute(50), minute(55), "not_running"),
        gap("a", STAR, minute(55), END, "unaccounted"),
    }


def test_messages_without_a_ledger_are_not_accounted_for(connection: Connection) -> None:
    by_cats = sold(10, "a", slug="cats", topics={"a": (CATS,)})
    assert gaps(connection, [by_cats], Recorded("a", START, {}, {})) == {gap("a", CATS, START, END, "unaccounted")}


def test_a_topic_of_another_hour_was_not_to_be_recorded_in_this_one(connection: Connection) -> None:
    warehouse = Warehouse(connection, [sold(10, "a", slug="cats", topics={"a": (CATS,)})])
    warehouse.load(Recorded("a", START, {CATS: [(START, END)]}, {}))
    warehouse.load(whole("a", END))
    assert warehouse.rows()[1] == set()


def test_who_names_no_topic_was_to_record_what_the_others_did(connection: Connection) -> None:
    warehouse = Warehouse(connection, [])
    warehouse.load(Recorded("a", START, {}, {}), missing=["c"], topics=["collection:birds"])
    assert warehouse.rows()[1] == {
        gap("a", "collection:birds", START, END, "unaccounted"),
        gap("c", "collection:birds", START, END, "no_manifest"),
    }
    warehouse.load(whole("b", START, CATS), missing=["c"], topics=["collection:birds"])
    assert warehouse.rows()[1] == {
        gap("a", CATS, START, END, "unaccounted"),
        gap("c", CATS, START, END, "no_manifest"),
    }
