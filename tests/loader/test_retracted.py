"""What an hour told and tells no longer leaves no trace: the warehouse ends as if it had never been told."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.loader.contents import contents, query
from tests.loader.recording import HOUR, Recording, fetched, sold
from tests.loader.test_hours import FIRST, market, observation, quiet, url_of
from tests.support.orders import in_drawn_orders
from tidemark.core.hour import Hour
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import load_hour, stale_hours
from tidemark.loader.marts import refresh_days
from tidemark.loader.settings import LoaderSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NEXT, LAST = HOUR.next(), HOUR.next().next()
Fresh = Callable[[LoaderSettings], LoaderSettings]
Archive = Callable[..., None]


@pytest.fixture
def archive(s3: "S3Client", settings: LoaderSettings) -> Archive:
    """Put recordings into the archive, in the place of those before, and load what is stale until nothing is."""

    def put(*recordings: Recording) -> None:
        for recording in recordings:
            recording.put(s3, settings.bucket)
        for _ in range(10):
            stale = stale_hours(settings, FIRST, LAST)
            for hour in stale:
                load_hour(hour, settings, log=quiet)
            if not stale:
                return
        raise AssertionError("the hours never come to rest")

    return put


@pytest.fixture
def as_if_new(settings: LoaderSettings, fresh: Fresh) -> Callable[[], None]:
    """Compare the warehouse with one that is loaded from nothing."""

    def compare() -> None:
        anew = fresh(settings)
        for hour in stale_hours(anew, FIRST, LAST):
            load_hour(hour, anew, log=quiet)
        assert contents(url_of(settings)) == contents(url_of(anew))
        assert run_checks(settings.warehouse_url) == []

    return compare


def a(hour: Hour = HOUR) -> Recording:
    return Recording("collector-a", hour)


def b(hour: Hour = HOUR) -> Recording:
    return Recording("collector-b", hour)


def api(hour: Hour = HOUR) -> Recording:
    return Recording("events-api-1", hour, topic="events-api")


def told(price: int, sent: float) -> dict[str, object]:
    return sold(1, sent=sent, sale_price=str(price))


def rows(settings: LoaderSettings) -> list[tuple[object, ...]]:
    return query(url_of(settings), "SELECT price_raw::text, first_collector, source FROM core.sale")


def versions(settings: LoaderSettings) -> list[tuple[object, ...]]:
    return query(url_of(settings), "SELECT reported ->> 'price_raw', collector FROM ops.sale_conflict ORDER BY 1")


def test_a_row_gives_way_to_a_later_sight_of_its_hour(
    settings: LoaderSettings, archive: Archive, as_if_new: Callable[[], None]
) -> None:
    archive(a().receive(told(5, 1), 2))
    archive(a().receive(told(7, 100), 101))
    assert rows(settings) == [("7", "collector-a", "stream")]
    as_if_new()


def test_a_row_gives_way_to_the_other_collectors_sight(
    settings: LoaderSettings, archive: Archive, as_if_new: Callable[[], None]
) -> None:
    archive(a().receive(told(5, 1), 2), b().receive(told(7, 100), 101))
    assert versions(settings) == [("7", "collector-b")]
    archive(a())
    assert (rows(settings), versions(settings)) == ([("7", "collector-b", "stream")], [])
    as_if_new()


def test_another_hour_that_saw_it_earlier_tells_it_then(
    settings: LoaderSettings, archive: Archive, as_if_new: Callable[[], None]
) -> None:
    archive(a().receive(told(5, 1), 2), b(NEXT).receive(told(7, 50), 60))
    archive(a().receive(told(9, 100), 101))
    assert (rows(settings), versions(settings)) == ([("7", "collector-b", "stream")], [("9", "collector-a")])
    as_if_new()


def test_a_sale_under_another_name_comes_back(
    settings: LoaderSettings, archive: Archive, as_if_new: Callable[[], None]
) -> None:
    archive(a().receive(sold(1), 2), api(NEXT).receive(fetched(1, order_hash=""), 60))
    assert [source for _, _, source in rows(settings)] == ["stream"]
    archive(a())
    assert [source for _, _, source in rows(settings)] == ["events_api"]
    as_if_new()


def test_a_superseded_sale_that_is_told_no_more_goes(
    settings: LoaderSettings, archive: Archive, as_if_new: Callable[[], None]
) -> None:
    archive(a().receive(sold(1), 2), api(NEXT).receive(fetched(1, order_hash=""), 60))
    archive(api(NEXT))
    assert query(url_of(settings), "SELECT count(*) FROM core.sale_superseded") == [(0,)]
    as_if_new()


def test_a_version_that_is_told_no_more_goes(
    settings: LoaderSettings, archive: Archive, as_if_new: Callable[[], None]
) -> None:
    archive(a().receive(told(5, 1), 2), a(NEXT).receive(told(7, 5000), 60))
    assert versions(settings) == [("7", "collector-a")]
    archive(a(NEXT))
    assert versions(settings) == []
    as_if_new()


def test_a_version_that_another_hour_told_too_is_then_that_hours(
    settings: LoaderSettings, archive: Archive, as_if_new: Callable[[], None]
) -> None:
    archive(a().receive(told(5, 1), 2), a(NEXT).receive(told(7, 5000), 60), b(LAST).receive(told(7, 8000), 60))
    assert versions(settings) == [("7", "collector-a")]
    archive(a(NEXT))
    assert versions(settings) == [("7", "collector-b")]
    as_if_new()


def test_a_row_that_was_read_otherwise_is_no_version(
    settings: LoaderSettings, archive: Archive, as_if_new: Callable[[], None]
) -> None:
    archive(a().receive(told(5, 50), 60))
    archive(a().receive(told(7, 1), 2))
    assert (rows(settings), versions(settings)) == ([("7", "collector-a", "stream")], [])
    as_if_new()


def test_a_sight_that_is_taken_back_is_missing_in_the_sales_own_hour(
    settings: LoaderSettings, archive: Archive, as_if_new: Callable[[], None]
) -> None:
    archive(a().receive(sold(1), 2), b(NEXT).receive(sold(1), 3))
    archive(b(NEXT))
    seen_by = "SELECT seen_by FROM mart.hour_quality WHERE hour = %s"
    assert query(url_of(settings), seen_by, HOUR.start) == [({"collector-a": 1},)]
    as_if_new()


def test_a_flag_goes_with_the_sale_of_another_day_that_it_was_about(settings: LoaderSettings, archive: Archive) -> None:
    there = sold(1)
    the_day_before = {"hash": "0xback", "timestamp": "2026-11-21T15:00:00.000000Z"}
    payload = there["payload"] | {"transaction": the_day_before, "order_hash": "0xback"}
    back = there | {"payload": payload | {"maker": payload["taker"], "taker": payload["maker"]}}
    archive(a().receive(there, 2), b(NEXT).receive(back, 3))
    refresh_days(settings.warehouse_url, log=quiet)
    suspects = "SELECT count(*) FROM mart.sales WHERE is_suspect"
    assert query(url_of(settings), suspects) == [(2,)]
    archive(b(NEXT))
    refresh_days(settings.warehouse_url, log=quiet)
    assert query(url_of(settings), suspects) == [(0,)]


@in_drawn_orders(1)
def test_whatever_is_taken_back_leaves_no_trace(
    s3: "S3Client", settings: LoaderSettings, archive: Archive, as_if_new: Callable[[], None], seed: int
) -> None:
    random = Random(seed)
    recordings = market(random)
    archive(*recordings)
    for _ in range(3):
        changed = random.choice(recordings)
        lines = [line for line in changed.segments[0] if random.random() < 0.5]
        changed.segments = [lines]
        changed.receive(*observation(random, changed.collector))
        if random.random() < 0.3:
            changed.put(s3, settings.bucket)
            load_hour(changed.hour, settings, collectors=[changed.collector], force=True, log=quiet)
        archive(changed)
    as_if_new()
