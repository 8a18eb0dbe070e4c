"""A month leaves the warehouse: what adds it up stays, checks stay quiet, and nothing of it comes back unnoticed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from typing import TYPE_CHECKING

import psycopg2
import pytest
from pydantic import SecretStr

from tests.loader.contents import contents, one, query
from tests.loader.recording import Recording, sold
from tests.loader.test_hours import quiet, url_of
from tests.loader.warehouse.test_turns import LONG, halted
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import load_hour, stale_hours
from tidemark.loader.marts import classify_fees, refresh_days
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse import detach as months
from tidemark.query.postgres import ask
from tidemark.query.question import Question, questions

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.postgres
OLD, FOLLOWING, NEW = (Hour.parse(key) for key in ("2026-09-10T10", "2026-10-02T10", "2026-11-22T15"))
MONTH = date(2026, 9, 1)
ROLLED_UP = (
    "mart.collection_hourly",
    "mart.collection_daily",
    "mart.wallet_daily",
    "mart.market_daily",
    "mart.payment_token_daily",
    "mart.price_range_daily",
    "mart.collection_royalty_daily",
    "mart.sweep_daily",
    "mart.hour_quality",
)
OF_THE_MONTH = ("sale_row", "sale_sighting", "sale_superseded", "sale_conflict", "sale_flags")
MONTHS = "SELECT month, sales FROM core.detached_month ORDER BY month"
DIGEST = (
    "SELECT md5(string_agg((to_jsonb(t) - 'refreshed_at')::text, '' ORDER BY t::text)) FROM {table} AS t WHERE {of}"
)


def recorded(hour: Hour, *numbers: int, collector: str = "collector-a") -> Recording:
    recording = Recording(collector, hour)
    for number in numbers:
        recording.receive(sold(number, hour), number + 2.5)
    return recording


@pytest.fixture
def loaded(s3: "S3Client", settings: LoaderSettings) -> LoaderSettings:
    """A warehouse with an hour of September, one of October and one of November, scored."""
    old = recorded(OLD, 1, 2, 3)
    old.receive(sold(4, OLD, order_hash=None), 9).receive(sold(4, OLD), 10)  # one sale with two keys
    old.receive(sold(3, OLD, sent=60, nft_name="Other"), 60)
    for recording in (old, recorded(FOLLOWING, 5, 6), recorded(NEW, 7, 8), recorded(OLD, 1, collector="collector-b")):
        recording.put(s3, settings.bucket)
    for hour in (OLD, FOLLOWING, NEW):
        load_hour(hour, settings, log=quiet)
    refresh_days(settings.warehouse_url, log=quiet)
    assert run_checks(settings.warehouse_url) == []
    return settings


def old_roll_ups(url: str) -> list[object]:
    spans = {"mart.collection_hourly": "hour < '2026-10-01'", "mart.hour_quality": "hour < '2026-10-01'"}
    return [one(url, DIGEST.format(table=each, of=spans.get(each, "day < '2026-10-01'"))) for each in ROLLED_UP]


def test_a_month_leaves_and_what_adds_it_up_stays(loaded: LoaderSettings) -> None:
    url = url_of(loaded)
    rolled_up, whole = old_roll_ups(url), contents(url)

    assert detach(loaded.warehouse_url, MONTH, quiet, dry_run=True).sales == 4
    assert contents(url) == whole
    found = detach(loaded.warehouse_url, MONTH, quiet)

    assert (found.sales, found.bytes > 4 * 200, f"{found.closed:%Y-%m-%d}") == (4, True, "2026-11-01")
    assert one(url, "SELECT count(*) FROM core.sale WHERE sold_at < '2026-10-01'") == 0
    assert one(url, "SELECT count(*) FROM core.sale") == 4
    assert [one(url, f"SELECT count(*) FROM detached.{each}_2026_09") for each in OF_THE_MONTH][:3] == [4, 6, 1]
    assert old_roll_ups(url) == rolled_up
    assert run_checks(loaded.warehouse_url) == []
    assert refresh_days(loaded.warehouse_url, log=quiet) == []


@pytest.mark.parametrize("hour", [OLD, FOLLOWING])
def test_closed_hours_are_not_loaded_again(loaded: LoaderSettings, s3: "S3Client", hour: Hour) -> None:
    detach(loaded.warehouse_url, MONTH, quiet)
    before = contents(url_of(loaded))
    recorded(hour, 9, collector="collector-b").put(s3, loaded.bucket)
    with pytest.raises(Problem, match=f"{hour.key} cannot be loaded: sales of a month before 2026-10-01 are detached"):
        load_hour(hour, loaded, force=True, log=quiet)
    assert stale_hours(loaded, hour, hour) == []
    assert contents(url_of(loaded)) == before


def test_what_is_reported_again_is_counted_and_not_taken(loaded: LoaderSettings, s3: "S3Client") -> None:
    rolled_up = old_roll_ups(url_of(loaded))
    detach(loaded.warehouse_url, MONTH, quiet)
    late = Recording("collector-a", NEW.next())
    told = sold(1, OLD)["payload"]
    without_time = {
        "transaction": {"hash": told["transaction"]["hash"]},
        "closing_date": None,
        "event_timestamp": format_timestamp(NEW.end),
    }
    late.receive(sold(1, OLD, sent=0), 5)  # the same message again
    late.receive(sold(1, OLD, sent=0, order_hash=None, **without_time), 6)  # as if it happened now
    late.receive(sold(10, OLD, sent=0), 7)  # one that nobody had recorded
    late.receive(sold(11, NEW.next()), 13.5)
    late.put(s3, loaded.bucket)

    report = load_hour(NEW.next(), loaded, log=quiet)

    assert (report.lines, report.inserted, report.quarantined) == (4, 1, 3)
    rejected = "SELECT event_type, lines, quarantined FROM ops.reject WHERE reason = 'detached'"
    assert query(url_of(loaded), rejected) == [("item_sold", 3, 0)]
    assert one(url_of(loaded), "SELECT count(*) FROM core.sale") == 5
    refresh_days(loaded.warehouse_url, log=quiet)
    assert old_roll_ups(url_of(loaded)) == rolled_up
    assert run_checks(loaded.warehouse_url) == []


def test_an_open_hour_keeps_the_old_sales_that_it_had_reported(loaded: LoaderSettings, s3: "S3Client") -> None:
    late = Recording("collector-a", NEW.next()).receive(sold(20, OLD, sent=0), 5)
    late.put(s3, loaded.bucket)
    load_hour(NEW.next(), loaded, log=quiet)
    refresh_days(loaded.warehouse_url, log=quiet)
    rolled_up = old_roll_ups(url_of(loaded))

    assert detach(loaded.warehouse_url, MONTH, quiet).sales == 4
    load_hour(NEW.next(), loaded, force=True, log=quiet)
    refresh_days(loaded.warehouse_url, log=quiet)

    assert query(url_of(loaded), "SELECT token_id FROM core.sale WHERE sold_at < '2026-10-01'") == [("20",)]
    assert old_roll_ups(url_of(loaded)) == rolled_up
    assert run_checks(loaded.warehouse_url) == []


def test_an_older_sale_that_was_broadcast_leaves_with_the_month_that_received_it(
    loaded: LoaderSettings, s3: "S3Client"
) -> None:
    url, may = url_of(loaded), Hour.parse("2026-05-10T10")
    Recording("collector-a", OLD.next()).receive(sold(30, may), 5).put(s3, loaded.bucket)
    load_hour(OLD.next(), loaded, log=quiet)
    refresh_days(loaded.warehouse_url, log=quiet)
    rolled_up = old_roll_ups(url)

    with pytest.raises(Problem, match="the warehouse has no sale of 2026-05 that was received before 2026-07-02"):
        detach(loaded.warehouse_url, date(2026, 5, 1), quiet)
    found = detach(loaded.warehouse_url, MONTH, quiet)

    assert (found.sales, found.older) == (5, 1)
    assert query(url, MONTHS) == [(date(2026, 5, 1), 1), (MONTH, 4)]
    assert one(url, "SELECT count(*) FROM detached.sale_row_2026_09") == 5
    assert one(url, "SELECT count(*) FROM core.sale WHERE sold_at < '2026-10-01'") == 0
    assert old_roll_ups(url) == rolled_up
    assert run_checks(loaded.warehouse_url) == []


def test_what_an_open_hour_kept_of_a_detached_month_leaves_with_a_later_one(
    loaded: LoaderSettings, s3: "S3Client"
) -> None:
    url, later = url_of(loaded), Hour.parse("2026-12-05T10")
    recorded(later, 9).put(s3, loaded.bucket)
    for hour in (late_sale(s3, loaded), later):
        load_hour(hour, loaded, log=quiet)
    refresh_days(loaded.warehouse_url, log=quiet)
    rolled_up = old_roll_ups(url)

    assert detach(loaded.warehouse_url, MONTH, quiet).older == 0
    assert one(url, "SELECT count(*) FROM core.sale WHERE sold_at < '2026-10-01'") == 1
    assert detach(loaded.warehouse_url, date(2026, 10, 1), quiet).older == 1

    assert query(url, MONTHS) == [(MONTH, 5), (date(2026, 10, 1), 2)]
    assert one(url, "SELECT count(*) FROM core.sale WHERE sold_at < '2026-11-01'") == 0
    assert old_roll_ups(url) == rolled_up
    assert run_checks(loaded.warehouse_url) == []


def test_the_first_open_hour_keeps_the_sales_of_the_last_closed_one(loaded: LoaderSettings, s3: "S3Client") -> None:
    detach(loaded.warehouse_url, MONTH, quiet)
    first_open = Hour.parse("2026-11-01T00")
    Recording("collector-a", first_open).receive(sold(2999, first_open.previous()), 1.5).put(s3, loaded.bucket)

    report = load_hour(first_open, loaded, log=quiet)

    assert (report.inserted, report.quarantined) == (1, 0)
    assert one(url_of(loaded), "SELECT sales FROM mart.collection_hourly WHERE hour = %s", first_open.previous().start)
    assert refresh_days(loaded.warehouse_url, log=quiet) == [date(2026, 10, 31)]
    assert one(url_of(loaded), "SELECT sales FROM mart.market_daily WHERE day = '2026-10-31' AND chain IS NULL") == 1
    assert run_checks(loaded.warehouse_url) == []


def test_a_month_that_cannot_leave_says_why(loaded: LoaderSettings) -> None:
    url = loaded.warehouse_url
    for month, why in {
        date(2026, 11, 1): "2026-11 cannot be detached yet: the hours until 2027-01-01 have to be loaded first",
        date(2026, 8, 1): "the warehouse has no sale of 2026-08",
    }.items():
        with pytest.raises(Problem, match=why):
            detach(url, month, quiet)
    query(url_of(loaded), "INSERT INTO mart.stale_day (day) VALUES ('2026-09-10')")
    with pytest.raises(Problem, match="2026-09-10 is not scored"):
        detach(url, MONTH, quiet)
    query(url_of(loaded), "DELETE FROM mart.stale_day")
    detach(url, MONTH, quiet)
    with pytest.raises(Problem, match="2026-09 was detached at"):
        detach(url, MONTH, quiet)


def test_earlier_months_leave_first(loaded: LoaderSettings) -> None:
    query(
        url_of(loaded),
        "UPDATE ops.load_run SET source_hour = source_hour + interval '60 days' WHERE source_hour = %s",
        NEW.start,
    )
    with pytest.raises(Problem, match="the warehouse has earlier sales, of 2026-09"):
        detach(loaded.warehouse_url, date(2026, 10, 1), quiet)


def test_a_question_says_what_its_answer_lacks(loaded: LoaderSettings) -> None:
    detach(loaded.warehouse_url, MONTH, quiet)
    named = {question.name: question for question in questions()}
    said = "Sales before 2026-10-01 are detached from the warehouse: this answer is without them."
    span = {"to": f"{NEW.start + timedelta(days=1):%Y-%m-%d}"}
    assert ask(loaded.warehouse_url, named["top_sales"], {"from": "2026-09-01", **span}).lacks == said
    assert ask(loaded.warehouse_url, named["top_sales"], {"from": "2026-10-01", **span}).lacks == ""
    assert ask(loaded.warehouse_url, named["wallet_history"], {"wallet": "0x" + "a1" * 20}).lacks == said
    assert ask(loaded.warehouse_url, named["daily_volume"], {"from": "2026-09-01", **span}).lacks == ""


# top_sales shows the sales themselves, which are gone
ROLLED_UP_QUESTIONS = [each for each in questions() if "mart.days_of" in each.sql and each.name != "top_sales"]


@pytest.mark.parametrize("asked", ROLLED_UP_QUESTIONS, ids=[each.name for each in ROLLED_UP_QUESTIONS])
def test_a_question_answers_from_roll_ups_as_long_as_it_asks_for_whole_days(
    loaded: LoaderSettings, s3: "S3Client", asked: Question
) -> None:
    sweep(loaded, s3)
    whole = {"from": "2026-09-01", "to": "2026-10-31"}
    before = ask(loaded.warehouse_url, asked, whole).rows
    detach(loaded.warehouse_url, MONTH, quiet)

    answer = ask(loaded.warehouse_url, asked, whole)

    assert (answer.rows, answer.lacks) == (before, "")
    assert before
    said = "Sales before 2026-10-01 are detached from the warehouse: this answer is without them."
    assert ask(loaded.warehouse_url, asked, whole | {"from": "2026-09-10T05"}).lacks == said
    assert ask(loaded.warehouse_url, asked, whole | {"from": "2026-09-09T05"}).lacks == ""
    assert ask(loaded.warehouse_url, asked, whole | {"collection": "collection-1"}).lacks == said
    early = ask(loaded.warehouse_url, asked, whole | {"to": "2026-09-10T05"})
    assert (early.rows, early.lacks) == ([], said)
    if asked.name == "sweeps":
        assert ask(loaded.warehouse_url, asked, whole | {"least": "6"}).lacks == ""
        assert ask(loaded.warehouse_url, asked, whole | {"least": "4"}).lacks == said


def sweep(settings: LoaderSettings, s3: "S3Client") -> None:
    """Load five sales of one transaction in September, and let every sale pay a royalty."""
    hour = OLD.next()
    recording = Recording("collector-a", hour)
    transaction = {"hash": f"0x{7:064x}", "timestamp": format_timestamp(hour.start)}
    for number in range(40, 45):
        recording.receive(sold(number, hour, transaction=transaction), number)
    recording.put(s3, settings.bucket)
    load_hour(hour, settings, log=quiet)
    query(
        url_of(settings),
        "UPDATE core.sale SET marketplace_fee_raw = 1, royalty_raw = 2, other_fee_raw = 0;"
        "INSERT INTO mart.stale_day (day) SELECT DISTINCT (sold_at AT TIME ZONE 'UTC')::date FROM core.sale",
    )
    refresh_days(settings.warehouse_url, log=quiet)


def detach(url: SecretStr, month: date, log: Callable[[str], object], *, dry_run: bool = False) -> months.Detached:
    """The fixture has three hours of three months."""
    return months.detach(url, month, log, dry_run=dry_run, allow_missing=True)


def test_hours_that_are_missing_or_wait_keep_a_month(loaded: LoaderSettings) -> None:
    with pytest.raises(Problem, match=r"1,2\d\d hours before 2026-11-01 were never loaded, the first 2026-09-10T11"):
        months.detach(loaded.warehouse_url, MONTH, quiet)
    query(url_of(loaded), "UPDATE ops.load_run SET fingerprint = '' WHERE source_hour = %s", FOLLOWING.start)
    with pytest.raises(Problem, match="1 hours before 2026-11-01 have to be loaded again, the first 2026-10-02T10"):
        detach(loaded.warehouse_url, MONTH, quiet)
    load_hour(FOLLOWING, loaded, log=quiet)
    assert detach(loaded.warehouse_url, MONTH, quiet).sales == 4


def test_days_that_are_detached_while_fees_or_scores_wait_are_left_alone(loaded: LoaderSettings) -> None:
    url = url_of(loaded)
    query(
        url,
        "UPDATE core.sale SET fees = '[]', marketplace_fee_raw = 0, royalty_raw = 0, other_fee_raw = 0;"
        "INSERT INTO mart.stale_day (day) SELECT DISTINCT (sold_at AT TIME ZONE 'UTC')::date FROM core.sale",
    )
    refresh_days(loaded.warehouse_url, log=quiet)
    paid = "mart.royalty_daily (day, chain, collection, recipient, sales, of_sales)"
    query(url, f"INSERT INTO {paid} VALUES ('2026-09-10', 'ethereum', 'cats', '0xc', 10, 10)")
    with ThreadPoolExecutor(2) as pool, closing(psycopg2.connect(url)) as gate:
        gate.cursor().execute("LOCK TABLE mart.stale_day IN SHARE ROW EXCLUSIVE MODE")
        detaching = pool.submit(detach, loaded.warehouse_url, MONTH, quiet)
        until_one_waits(url, "mart.stale_day")
        fees = pool.submit(classify_fees, loaded.warehouse_url, quiet)
        until_one_waits(url, "mart.stale_day", 2)
        gate.rollback()
        assert detaching.result().sales == 4
        assert fees.result().changed == {}
    assert one(url, "SELECT sales FROM mart.royalty_daily") == 10
    assert one(url, "SELECT count(*) FROM mart.stale_day") == 0
    assert refresh_days(loaded.warehouse_url, log=quiet) == []
    assert run_checks(loaded.warehouse_url) == []


WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"


def late_sale(s3: "S3Client", settings: LoaderSettings) -> Hour:
    """Put an hour that is open, in which an old sale is broadcast that nobody had recorded."""
    hour = NEW.next()
    Recording("collector-a", hour).receive(sold(20, OLD, sent=0), 5).put(s3, settings.bucket)
    return hour


def until_one_waits(url: str, table: str = "ops.load_lock", count: int = 1) -> None:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for _ in range(LONG * 100):
            cursor.execute(WAITS, (table,))
            if cursor.fetchone() == (count,):
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    pytest.fail("nobody waits")


def test_a_month_waits_for_a_load_and_then_has_what_that_reported(loaded: LoaderSettings, s3: "S3Client") -> None:
    url = url_of(loaded)
    with ThreadPoolExecutor(1) as thread, halted(late_sale(s3, loaded), loaded, "5_sales.sql") as (load, loading):
        detaching = thread.submit(detach, loaded.warehouse_url, MONTH, quiet)
        until_one_waits(url)
        assert not detaching.done()
        load.go_on.set()
        assert loading.result(LONG).inserted == 1
        with pytest.raises(Problem, match="2026-09-10 is not scored since its sales changed"):
            detaching.result(LONG)
    refresh_days(loaded.warehouse_url, log=quiet)
    detach(loaded.warehouse_url, MONTH, quiet)
    assert run_checks(loaded.warehouse_url) == []


def test_a_load_waits_for_a_month_and_then_leaves_out_its_sales(loaded: LoaderSettings, s3: "S3Client") -> None:
    url, hour = url_of(loaded), late_sale(s3, loaded)
    there, go_on = threading.Event(), threading.Event()

    def stop(_: str) -> None:
        there.set()
        assert go_on.wait(LONG)

    with ThreadPoolExecutor(2) as threads:
        detaching = threads.submit(detach, loaded.warehouse_url, MONTH, stop)
        try:
            assert there.wait(LONG)
            loading = threads.submit(load_hour, hour, loaded, log=quiet)
            until_one_waits(url)
            assert not loading.done()
        finally:
            go_on.set()
        assert detaching.result(LONG).sales == 4
        report = loading.result(LONG)
    assert (report.inserted, report.quarantined) == (0, 1)
    assert one(url, "SELECT count(*) FROM core.sale WHERE sold_at < '2026-10-01'") == 0
    assert run_checks(loaded.warehouse_url) == []
