"""Each month of sales is a table of its own: who makes it, who looks into it, and when it goes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from tests.loader.contents import one, query
from tests.loader.recording import HOUR, Recording, fetched, sold
from tests.loader.test_hours import quiet, url_of
from tidemark.core.hour import Hour
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import load_hour
from tidemark.loader.marts import refresh_days
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.detach import detach
from tidemark.loader.warehouse.load import add_month, execute, load
from tidemark.query.parameter import values_of
from tidemark.query.question import Question, questions
from tidemark.storage.postgres import connected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.postgres
MONTHS = "SELECT relname FROM pg_class WHERE relnamespace = 'months'::regnamespace AND relkind = 'r' ORDER BY 1"
OLD, LATER, PREVIOUS = (Hour.parse(key) for key in ("2026-07-31T23", "2026-08-01T00", "2026-10-05T10"))
MAY = Hour.parse("2026-05-15T10")
LOOKS_EVERYWHERE = {"sell_through"}  # since the oldest order that may have been open was placed
# of a sale that was broadcast again, and states that time as its own
AGAIN: dict[str, Any] = {"transaction": {"hash": f"0x{1:064x}", "timestamp": "2026-11-22T15:00:01Z"},
         "event_timestamp": "2026-11-22T15:00:01.000000+00:00"}  # fmt: skip


def put(s3: "S3Client", settings: LoaderSettings, hour: Hour, *numbers: int) -> None:
    recording = Recording(hour=hour)
    for number in numbers:
        recording.receive(sold(number, hour), number)
    recording.put(s3, settings.bucket)


def test_a_load_makes_the_month_of_its_hour(s3: "S3Client", settings: LoaderSettings) -> None:
    for hour in (OLD, LATER):
        put(s3, settings, hour, 1)
        load_hour(hour, settings, log=quiet)
    assert query(url_of(settings), MONTHS) == [("sale_row_2026_07",), ("sale_row_2026_08",)]
    assert query(url_of(settings), "SELECT count(*) FROM months.sale_row_2026_07") == [(1,)]


def test_two_may_make_one_month_at_once(warehouse_url: str) -> None:
    with connected(SecretStr(warehouse_url)) as first, connected(SecretStr(warehouse_url)) as second:
        first.execute(text("SELECT ops.add_month(:hour)"), {"hour": HOUR.start})
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(add_month, second, HOUR)
            waits = (
                "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%add_month%'"
            )
            while not one(warehouse_url, waits):
                assert not waiting.done()
            first.commit()
            waiting.result()
    assert query(warehouse_url, MONTHS) == [("sale_row_2026_11",)]


def test_a_month_begins_at_midnight_utc_whatever_the_session_says(warehouse_url: str) -> None:
    with connected(SecretStr(warehouse_url)) as connection:
        connection.execute(text("SET TIME ZONE 'Pacific/Auckland'"))
        add_month(connection, OLD)
        add_month(connection, LATER)
    bounds = "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'sale_row_2026_08'"
    expected = "FOR VALUES FROM ('2026-08-01 00:00:00+00') TO ('2026-09-01 00:00:00+00')"
    assert query(warehouse_url, bounds) == [(expected,)]


LOOKED_INTO = text("""
    SELECT relname, sum(
        pg_stat_get_xact_tuples_returned(part.oid) + pg_stat_get_xact_numscans(part.oid)
        + (SELECT sum(pg_stat_get_xact_numscans(indexrelid)) FROM pg_index WHERE indrelid = part.oid)
    )
    FROM pg_class AS part
    WHERE relnamespace = 'months'::regnamespace AND relkind = 'r'
    GROUP BY relname
""")


def test_a_load_of_today_looks_into_the_near_months_alone(s3: "S3Client", settings: LoaderSettings) -> None:
    for place, hour in enumerate((OLD, PREVIOUS, HOUR)):
        put(s3, settings, hour, *range(100 * place, 100 * place + 100))
    load_hour(OLD, settings, log=quiet)
    load_hour(PREVIOUS, settings, log=quiet)
    query(url_of(settings), "ANALYZE")
    looked: dict[str, int] = {}

    def watch(connection: Connection, step: Path, values: dict[str, Any]) -> None:
        for way in ("seqscan", "hashjoin", "mergejoin"):  # as in large tables
            connection.execute(text(f"SET LOCAL enable_{way} = off"))
        execute(connection, step, values)
        looked.update({name: int(count) for name, count in connection.execute(LOOKED_INTO)})

    load_hour(HOUR, settings, log=quiet, loading=partial(load, run_step=watch))
    assert looked["sale_row_2026_07"] < 10  # a join with nothing may begin to read
    assert looked["sale_row_2026_10"] >= 100
    assert looked["sale_row_2026_11"] >= 100


def test_a_sale_that_is_in_two_months_is_mended_as_the_check_says(s3: "S3Client", settings: LoaderSettings) -> None:
    put(s3, settings, OLD, 1)
    Recording(hour=HOUR).receive(sold(1, OLD, **AGAIN), 3).put(s3, settings.bucket)
    for hour in (OLD, HOUR):
        load_hour(hour, settings, log=quiet)
    refresh_days(settings.warehouse_url, log=quiet)
    (failure,) = run_checks(settings.warehouse_url)
    assert (failure.check.name, failure.columns) == ("sale_in_two_months", ("sale_uid", "first_hour", "last_hour"))
    assert failure.rows[0][1:] == (OLD.start, HOUR.start)
    for _ in range(2):
        load_hour(HOUR, settings, force=True, log=quiet)
        refresh_days(settings.warehouse_url, log=quiet)
        assert run_checks(settings.warehouse_url) == []
    assert query(url_of(settings), "SELECT source_hour FROM core.sale") == [(OLD.start,)]


@pytest.mark.parametrize("recent", ["transaction", "event"])
def test_a_sale_is_old_where_one_of_its_times_is(s3: "S3Client", settings: LoaderSettings, recent: str) -> None:
    put(s3, settings, OLD, 1)
    times = {each: (HOUR if each == recent else OLD).start.isoformat() for each in ("transaction", "event")}
    again: dict[str, Any] = {
        "transaction": {"hash": f"0x{1:064x}", "timestamp": times["transaction"]},
        "event_timestamp": times["event"],
    }
    Recording(hour=HOUR).receive(sold(1, OLD, **again), 3).put(s3, settings.bucket)
    for hour in (OLD, HOUR):
        load_hour(hour, settings, log=quiet)
    assert query(url_of(settings), "SELECT source_hour FROM core.sale") == [(OLD.start,)]


@pytest.mark.parametrize("loaded_before", [True, False])
def test_a_load_again_or_with_force_takes_no_time_for_recent(
    s3: "S3Client", settings: LoaderSettings, loaded_before: bool
) -> None:
    put(s3, settings, OLD, 1)
    load_hour(OLD, settings, log=quiet)
    if loaded_before:
        Recording(hour=HOUR).receive(sold(1, OLD), 3).put(s3, settings.bucket)
        load_hour(HOUR, settings, log=quiet)
    Recording(hour=HOUR).receive(sold(1, OLD, **AGAIN), 3).put(s3, settings.bucket)
    load_hour(HOUR, settings, force=not loaded_before, log=quiet)
    assert query(url_of(settings), "SELECT source_hour FROM core.sale") == [(OLD.start,)]


@pytest.mark.parametrize("edge", ["2026-10-01T00", "2026-12-01T00"])
@pytest.mark.parametrize("force", [True, False])
def test_an_hour_at_the_edge_of_the_near_months_is_looked_into_once(
    s3: "S3Client", settings: LoaderSettings, edge: str, force: bool
) -> None:
    other = Hour.parse(edge)
    first = min(other, HOUR)
    broadcast = Recording(hour=other).receive(sold(1, first), 60)
    listed = Recording("events-api-1", HOUR, topic="events-api").receive(fetched(1, first), 60)
    for recording in (broadcast, listed):
        recording.put(s3, settings.bucket)
        load_hour(recording.hour, settings, force=force, log=quiet)
    refresh_days(settings.warehouse_url, log=quiet)
    assert query(url_of(settings), "SELECT source, source_hour FROM core.sale") == [("stream", other.start)]
    assert run_checks(settings.warehouse_url) == []


def test_a_recent_sale_is_looked_for_in_later_months(s3: "S3Client", settings: LoaderSettings) -> None:
    put(s3, settings, OLD, 1)
    Recording(hour=LATER).receive(sold(1, OLD), 60).put(s3, settings.bucket)
    for hour in (LATER, OLD):
        load_hour(hour, settings, log=quiet)
    refresh_days(settings.warehouse_url, log=quiet)
    assert query(url_of(settings), "SELECT source_hour FROM core.sale") == [(OLD.start,)]
    assert run_checks(settings.warehouse_url) == []


def test_a_key_that_becomes_a_sale_again_finds_its_month(s3: "S3Client", settings: LoaderSettings) -> None:
    listed = Recording("events-api-1", MAY, topic="events-api").receive(fetched(1, MAY, order_hash=""), 60)
    late = Recording(hour=Hour.parse("2026-08-25T10")).receive(sold(1, MAY, sent=60), 5)
    for recording in (listed, late, Recording(hour=HOUR)):
        recording.put(s3, settings.bucket)
        load_hour(recording.hour, settings, log=quiet)
    refresh_days(settings.warehouse_url, log=quiet)
    assert one(url_of(settings), "SELECT source_hour FROM core.sale_superseded") == MAY.start
    with connected(settings.warehouse_url) as connection:
        connection.execute(text("SELECT ops.drop_months('2026-08-01Z')"))
        connection.commit()
    Recording(hour=late.hour).put(s3, settings.bucket)
    load_hour(late.hour, settings, log=quiet)
    assert query(url_of(settings), "SELECT source, source_hour FROM core.sale") == [("events_api", MAY.start)]


@pytest.mark.parametrize(
    ("planted", "function"),
    [
        ("CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (pg_temp.taken(VALUE))", "ops.add_month('2020-01-01Z')"),
        ("CREATE TEMP VIEW pg_class AS SELECT oid, pg_temp.taken(relname)::int AS reltuples FROM pg_catalog.pg_class",
         "ops.analyze_sales()"),
    ],
)  # fmt: skip
def test_who_loads_cannot_make_the_owner_do_something_else(warehouse_url: str, planted: str, function: str) -> None:
    with connected(SecretStr(warehouse_url)) as connection:
        connection.execute(text("SET ROLE tidemark_loader"))
        connection.execute(
            text("""
            CREATE FUNCTION pg_temp.taken(anyelement) RETURNS boolean LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'taken as %', current_user; END $$
        """)
        )
        connection.execute(text(planted))
        connection.execute(text(f"SELECT {function}"))


def test_what_the_months_have_in_common_is_analyzed(s3: "S3Client", settings: LoaderSettings) -> None:
    put(s3, settings, HOUR, 1, 2, 3)
    load_hour(HOUR, settings, log=quiet)
    query(url_of(settings), "ANALYZE months.sale_row_2026_11")
    refresh_days(settings.warehouse_url, log=quiet)
    known = "SELECT reltuples FROM pg_class WHERE oid = 'core.sale_row'::regclass"
    assert query(url_of(settings), known) == [(3.0,)]
    # as the loader, and only where a tenth changed
    for planted, expected in ((3.2, 3.2), (2.0, 3.0)):
        query(url_of(settings), f"UPDATE pg_class SET reltuples = {planted} WHERE oid = 'core.sale_row'::regclass")
        query(url_of(settings), "SET ROLE tidemark_loader; SELECT ops.analyze_sales()")
        assert query(url_of(settings), known) == [(pytest.approx(expected),)]
    assert one(url_of(settings), "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'sale_row' AND inherited")


def test_a_month_that_left_gives_its_space_back_unless_it_is_read(s3: "S3Client", settings: LoaderSettings) -> None:
    url, hours = url_of(settings), [Hour.parse(f"2026-0{month}-15T10") for month in (5, 6, 7, 8)]
    for number, hour in enumerate(hours):
        put(s3, settings, hour, number)
        load_hour(hour, settings, log=quiet)
    refresh_days(settings.warehouse_url, log=quiet)
    said: list[str] = []
    with connected(SecretStr(url)) as reader:
        reader.execute(text("SELECT count(*) FROM core.sale"))
        detach(settings.warehouse_url, date(2026, 5, 1), said.append, allow_missing=True, drop_within=0.05)
    assert "so the emptied table of the month stays" in said[-1]
    assert ("sale_row_2026_05",) in query(url, MONTHS)
    detach(settings.warehouse_url, date(2026, 6, 1), quiet, allow_missing=True)
    assert query(url, MONTHS) == [("sale_row_2026_07",), ("sale_row_2026_08",)]
    assert one(url, "SELECT count(*) FROM detached.sale_row_2026_05") == 1


@pytest.mark.parametrize(
    "each",
    [each for each in questions() if "from" in {one.name for one in each.parameters}],
    ids=lambda each: each.name,
)
def test_a_question_of_some_days_plans_for_no_month_before(warehouse_url: str, each: Question) -> None:
    named = {"collection": "cats", "wallet": "0xw"}
    given = {one.name: named[one.name] for one in each.parameters if one.default is None}
    moments = {"from": "2026-12-01", "to": "2026-12-02"}
    newest = Hour.parse("2026-12-02T23").end
    values = values_of(each.parameters, given | moments, newest, newest)
    with connected(SecretStr(warehouse_url)) as connection:
        for month in (OLD, Hour.parse("2026-11-30T00"), Hour.parse("2026-12-01T00")):
            add_month(connection, month)
        plan = "\n".join(connection.scalars(text(f"EXPLAIN {each.sql}"), values))
    assert each.looks_back or each.name in LOOKS_EVERYWHERE or "sale_row_2026_07" not in plan
    assert "sale_row_2026_11" in plan or "sale_row_2026_12" not in plan  # received just before midnight
