import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from airflow.sdk.execution_time.context import OutletEventAccessors

from tests.dags.archived import archive_hour
from tidemark.airflow.load_hours import SALES, LoadHours, ManifestsArrived
from tidemark.core.hour import Hour, hours

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tidemark.local.services.s3 import S3Server

HOUR = Hour.parse("2026-11-20T05")


@pytest.fixture
def s3(s3_server: "S3Server", bucket: str, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> "S3Client":
    """The archive of a task whose environment names an empty warehouse."""
    for name, value in {"WAREHOUSE_URL": warehouse_url, "BUCKET": bucket, "COLLECTORS": "collector-a"}.items():
        monkeypatch.setenv(f"TIDEMARK_{name}", value)
    return s3_server.client()


def context(**params: Any) -> Any:
    run = SimpleNamespace(partition_key=params.pop("partition_key", None))
    form = {"hour": None, "last_hour": None, "force": False, "collectors": None} | params
    pushed: dict[str, Any] = {}
    task = SimpleNamespace(xcom_push=pushed.__setitem__, pushed=pushed)
    return {"params": form, "dag_run": run, "outlet_events": OutletEventAccessors(), "ti": task}


def partitions(at: Any) -> Any:
    """Return the partitions that the event of the sales names; with Airflow 3.2 it has only that of its run."""
    return getattr(at["outlet_events"][SALES], "partition_keys", {at["dag_run"].partition_key})


def loaded(warehouse_url: str) -> int:
    connection = psycopg2.connect(warehouse_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core.sale")
        count: int = cursor.fetchone()[0]
    connection.close()
    return count


def test_it_loads_the_runs_hour_and_hands_its_numbers_on(s3: "S3Client", bucket: str, warehouse_url: str) -> None:
    archive_hour(s3, bucket, HOUR, sales=3)
    at = context(partition_key=HOUR.key)
    assert LoadHours(task_id="load").execute(at) == []
    report = at["ti"].pushed["report"]
    assert (report[HOUR.key]["inserted"], loaded(warehouse_url)) == (3, 3)
    assert at["outlet_events"][SALES].extra == report
    assert partitions(at) == {HOUR.key}


def test_it_hands_a_range_on(s3: "S3Client", warehouse_url: str) -> None:
    wanted = list(hours(HOUR, Hour(HOUR.start + timedelta(hours=6))))
    at = context(hour=HOUR.key, last_hour=wanted[-1].key)
    task = LoadHours(task_id="load", outlets=[SALES])
    found = task.execute(at)
    assert task.outlets == []  # a task that ends well updates its outlets, whatever it did
    assert sorted(found) == [hour.key for hour in wanted]
    assert found[:2] == [wanted[0].key, wanted[-1].key]  # far enough from each other not to wait for each other
    assert at["ti"].pushed == {}
    assert loaded(warehouse_url) == 0


def test_an_hour_loaded_before_is_left_as_it_is_unless_forced(s3: "S3Client", bucket: str, warehouse_url: str) -> None:
    archive_hour(s3, bucket, HOUR)
    task = LoadHours(task_id="load", hour=HOUR.key)
    runs = [context(force=force) for force in (False, False, True)]
    for at in runs:
        task.execute(at)
    assert [at["ti"].pushed["report"][HOUR.key]["unchanged"] for at in runs] == [False, True, False]


def test_only_the_collectors_named_are_loaded(s3: "S3Client", bucket: str, warehouse_url: str) -> None:
    archive_hour(s3, bucket, HOUR, "collector-a", sales=1)
    archive_hour(s3, bucket, HOUR, "collector-b", sales=5)
    LoadHours(task_id="load").execute(context(hour=HOUR.key, collectors=["collector-a"]))
    assert loaded(warehouse_url) == 1


def test_an_hour_still_awaited_is_handed_to_the_triggerer(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tidemark.airflow")
    hour = Hour.of(datetime.now(UTC)).previous()
    monkeypatch.setenv("TIDEMARK_GRACE_PERIOD", "7200")
    with pytest.raises(TaskDeferred) as deferred:
        LoadHours(task_id="load").execute(context(partition_key=hour.key))
    assert deferred.value.trigger.hours == [hour.key]
    assert f"{hour}: waiting for the manifest of collector-a" in caplog.text


def test_an_hour_that_no_collector_reported_is_a_gap(s3: "S3Client", bucket: str) -> None:
    archive_hour(s3, bucket, HOUR.previous())
    at = context(hour=HOUR.key)
    LoadHours(task_id="load").execute(at)
    report = at["ti"].pushed["report"][HOUR.key]
    assert (report["collectors"], report["missing"]) == ([], ["collector-a"])
    assert [gap.rpartition(" ")[2] for gap in report["gaps"]] == ["no_manifest"]


def test_an_hour_that_no_collector_was_to_record_fails_with_what_to_do(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIDEMARK_COLLECTORS")
    with pytest.raises(AirflowFailException, match=r"no collector has uploaded that hour\. What to do: "):
        LoadHours(task_id="load").execute(context(hour=HOUR.key))


def test_a_run_without_an_hour_fails_with_what_to_do(s3: "S3Client") -> None:
    with pytest.raises(AirflowFailException, match=r"names no hour\. What to do: "):
        LoadHours(task_id="load").execute(context())


def test_an_hour_that_is_not_right_fails_and_says_which_check(s3: "S3Client", bucket: str, warehouse_url: str) -> None:
    archive_hour(s3, bucket, HOUR)
    task, again = LoadHours(task_id="load", hour=HOUR.key), context()
    task.execute(context())
    connection = psycopg2.connect(warehouse_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE mart.collection_hourly SET sales = sales + 1")
    connection.close()
    with pytest.raises(AirflowFailException, match=r"is loaded, but it is not right:\nhourly_disagrees: 1 wrong rows"):
        task.execute(again)
    assert HOUR.key not in partitions(again)


@pytest.fixture
def recent() -> Hour:
    """The hour that has just ended: its grace period is not over."""
    return Hour.of(datetime.now(UTC)).previous()


@pytest.fixture
def waiting(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The triggerer's environment: two collectors expected, and a grace period of hours."""
    for name, value in {"WAREHOUSE_URL": "postgresql://u:p@127.0.0.1:1/w", "BUCKET": bucket,
                        "COLLECTORS": "collector-a,collector-b", "GRACE_PERIOD": "7200"}.items():  # fmt: skip
        monkeypatch.setenv(f"TIDEMARK_{name}", value)


def trigger_of(recent: Hour) -> ManifestsArrived:
    path, arguments = ManifestsArrived([recent.key], poll_seconds=0.01).serialize()
    assert path == f"{ManifestsArrived.__module__}.{ManifestsArrived.__qualname__}"
    return ManifestsArrived(**arguments)


async def test_it_fires_once_every_collector_has_reported(
    recent: Hour, waiting: None, s3_server: "S3Server", bucket: str
) -> None:
    trigger = trigger_of(recent)
    archive_hour(s3_server.client(), bucket, recent, "collector-a")
    assert trigger.still_waiting()
    archive_hour(s3_server.client(), bucket, recent, "collector-b")
    assert [event.payload async for event in trigger.run()] == [None]


async def test_it_fires_when_the_grace_period_is_over(
    recent: Hour, waiting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEMARK_GRACE_PERIOD", "0")
    assert [event.payload async for event in trigger_of(recent).run()] == [None]


def test_an_archive_out_of_reach_is_waited_for(recent: Hour, waiting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert trigger_of(recent).still_waiting()


@pytest.mark.parametrize(("setting", "value"), [("BUCKET", "no-such-bucket"), ("GRACE_PERIOD", "soon")])
async def test_a_fault_while_waiting_is_told_by_the_task(
    recent: Hour, waiting: None, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    with monkeypatch.context() as wrong:
        wrong.setenv(f"TIDEMARK_{setting}", value)
        (event,) = [event.payload async for event in trigger_of(recent).run()]
    with pytest.raises(AirflowFailException, match=rf"(?s)({value}|TIDEMARK_{setting}).*What to do: "):
        LoadHours(task_id="load", hour=recent.key).load(context(), json.loads(json.dumps(event)))


async def test_a_fault_of_tidemark_itself_ends_the_wait_as_it_is(waiting: None) -> None:
    trigger = ManifestsArrived(["no hour"])
    with pytest.raises(ValueError, match="no hour"):
        _ = [event async for event in trigger.run()]
