from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.dags.archived import archive_hour
from tidemark.airflow.arrival import ManifestsArrived
from tidemark.core.hour import Hour

if TYPE_CHECKING:
    from tidemark.local.services.s3 import S3Server


@pytest.fixture
def hour() -> Hour:
    """The hour that has just ended: the only one that patience still holds for."""
    return Hour.of(datetime.now(UTC)).previous()


@pytest.fixture
def settings(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The triggerer's environment: two collectors expected, and hours of patience."""
    for name, value in {"WAREHOUSE_URL": "postgresql://u:p@127.0.0.1:1/w", "BUCKET": bucket,
                        "COLLECTORS": "collector-a,collector-b", "GRACE_PERIOD": "7200"}.items():  # fmt: skip
        monkeypatch.setenv(f"TIDEMARK_{name}", value)


def trigger_of(hour: Hour) -> ManifestsArrived:
    path, arguments = ManifestsArrived([hour.key], poll_seconds=0.01).serialize()
    assert path == f"{ManifestsArrived.__module__}.{ManifestsArrived.__qualname__}"
    return ManifestsArrived(**arguments)


async def test_it_fires_once_every_collector_has_reported(
    hour: Hour, settings: None, s3_server: "S3Server", bucket: str
) -> None:
    trigger = trigger_of(hour)
    archive_hour(s3_server.client(), bucket, hour, "collector-a")
    assert trigger.still_waiting()
    archive_hour(s3_server.client(), bucket, hour, "collector-b")
    assert [event.payload async for event in trigger.run()] == [None]


async def test_it_fires_when_patience_has_ended(hour: Hour, settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_GRACE_PERIOD", "0")
    assert [event.payload async for event in trigger_of(hour).run()] == [None]


def test_an_archive_out_of_reach_is_waited_for(hour: Hour, settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert trigger_of(hour).still_waiting()


def test_a_wrong_setting_ends_the_wait(hour: Hour, settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_BUCKET", "no-such-bucket")
    with pytest.raises(Exception, match="no-such-bucket"):
        trigger_of(hour).still_waiting()
