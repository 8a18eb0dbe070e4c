from datetime import timedelta

import psycopg2
import pytest

from tidemark.archive.manifest import read_manifest
from tidemark.archive.names import ManifestKey
from tidemark.core.hour import LENGTH, Hour, hours
from tidemark.loader.settings import LoaderSettings
from tidemark.local.demo.week import gap, gaps, make_week, messages, put_hour
from tidemark.local.environment import COLLECTORS
from tidemark.local.services.s3 import S3Server
from tidemark.query.postgres import ask
from tidemark.query.question import questions
from tidemark.simulator.market.market import Market

FIRST = Hour.parse("2026-11-16T00")
WEEK = list(hours(FIRST, Hour.parse("2026-11-22T23")))


def test_a_week_has_hours_of_each_kind_and_most_are_whole() -> None:
    away = [{name for name, its_gaps in gaps(FIRST, hour).items() if its_gaps} for hour in WEEK]
    assert away.count(set()) > 130
    assert {"collector-a"} in away
    assert {"collector-b"} in away
    assert set(COLLECTORS) in away


@pytest.mark.parametrize("hour", WEEK[::7])
def test_gaps_lie_in_their_hour(hour: Hour) -> None:
    for its_gaps in gaps(FIRST, hour).values():
        assert all(hour.start <= each.start < each.end <= hour.end for each in its_gaps)


def test_messages_lie_in_their_hour_in_order() -> None:
    times = [at for at, _ in messages(Market(7, sales_share=0.5), FIRST, 50)]
    assert times == sorted(times)
    assert (len(times), FIRST.start <= times[0], times[-1] < FIRST.end) == (50, True, True)


def test_a_collector_has_nothing_of_its_gap_and_all_the_rest(s3_server: S3Server, bucket: str) -> None:
    away = gap(FIRST, 10, 25, "connection_lost")
    sent = messages(Market(7, sales_share=0.5), FIRST, 60)
    put_hour(s3_server.client(), bucket, FIRST, sent, {"collector-a": [away], "collector-b": []})
    found = {}
    for collector in COLLECTORS:
        stored = s3_server.client().get_object(Bucket=bucket, Key=str(ManifestKey("", collector, FIRST)))
        found[collector] = read_manifest(stored["Body"].read())
    assert (found["collector-a"].records, found["collector-b"].records) == (45, 60)
    assert found["collector-a"].gaps == (away,)
    covered = sum((each.end - each.start for each in found["collector-a"].covered), timedelta())
    assert covered == LENGTH - timedelta(minutes=15)


@pytest.mark.postgres
def test_the_hours_are_loaded_and_their_days_scored_and_every_question_about_the_market_shows_something(
    s3_server: S3Server, bucket: str, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    settings = LoaderSettings(
        warehouse_url=warehouse_url, bucket=bucket, collectors=COLLECTORS, book_depth=100, transfers=True
    )
    assert make_week(settings, FIRST, FIRST.next()) == 2
    asked = [each for each in questions() if each.needs]
    assert len(asked) > 10
    with psycopg2.connect(warehouse_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT collection_slug FROM core.transfer WHERE kind = 'mint' LIMIT 1")
        (minted,) = cursor.fetchone() or ("",)
    for each in asked:
        collection = minted if each.needs == "transfers" or each.name == "mints" else "harbor-seals"
        given = {"from": FIRST.key, "to": FIRST.next().key, "hours": "1", "collection": collection}
        names = {parameter.name for parameter in each.parameters}
        answer = ask(settings.warehouse_url, each, {name: value for name, value in given.items() if name in names})
        assert each.plot is not None
        for name in (each.plot.x, *each.plot.ys):
            assert any(value is not None for value in answer.column(name)), (each.name, name)
    with psycopg2.connect(warehouse_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(sales) FROM mart.hour_quality WHERE sales > 10")
        hours_loaded, sales = cursor.fetchone() or (0, 0)
        cursor.execute("SELECT sum(sales) FROM mart.collection_daily")
        assert cursor.fetchone() == (sales,)
    assert hours_loaded == 2
