from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from tests.dags.archived import archive_hour
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.arrival import awaited
from tidemark.loader.settings import LoaderSettings

if TYPE_CHECKING:
    from tidemark.local.services.s3 import S3Server

HOUR = Hour.parse("2026-11-20T05")
GRACE_PERIOD = 600.0


@pytest.fixture
def settings(bucket: str) -> LoaderSettings:
    return LoaderSettings(
        warehouse_url=SecretStr("postgresql://u:p@127.0.0.1:1/w"),
        bucket=bucket,
        collectors=("collector-a", "collector-b"),
        grace_period=GRACE_PERIOD,
    )


def test_who_has_not_reported_is_awaited(settings: LoaderSettings, s3_server: "S3Server", bucket: str) -> None:
    archive_hour(s3_server.client(), bucket, HOUR, "collector-b")
    assert awaited([HOUR], settings, HOUR.end) == {HOUR: ["collector-a"]}


def test_nobody_is_awaited_once_all_have_reported(settings: LoaderSettings, s3_server: "S3Server", bucket: str) -> None:
    for collector in settings.collectors:
        archive_hour(s3_server.client(), bucket, HOUR, collector)
    assert awaited([HOUR], settings, HOUR.end) == {}


def test_an_hour_of_the_future_is_refused_and_not_awaited(
    settings: LoaderSettings, s3_server: "S3Server", bucket: str
) -> None:
    with pytest.raises(Problem, match=f"{HOUR.key} is in the future"):
        awaited([HOUR], settings, HOUR.start - timedelta(seconds=1))
    assert awaited([HOUR], settings, HOUR.start) == {HOUR: ["collector-a", "collector-b"]}
    for collector in settings.collectors:
        archive_hour(s3_server.client(), bucket, HOUR, collector)
    assert awaited([HOUR], settings, HOUR.start - timedelta(hours=1)) == {}


def test_patience_ends_by_the_clock_of_each_hour(settings: LoaderSettings) -> None:
    end = HOUR.end + timedelta(seconds=GRACE_PERIOD)
    both = ["collector-a", "collector-b"]
    assert awaited([HOUR], settings, end - timedelta(microseconds=1)) == {HOUR: both}
    assert awaited([HOUR, HOUR.next()], settings, end) == {HOUR.next(): both}
