"""Objects on their way into staging, here or by several processes: the same rows, the same books, the same refusals."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.loader.contents import contents, one, query
from tests.loader.recording import HOUR, Recording, listed, sold
from tidemark.core.errors import Problem
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse import rows, staging
from tidemark.loader.warehouse.process import ReadingProcess

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SEGMENTS, EACH = 5, 40
log = logging.getLogger(__name__)


def url_of(settings: LoaderSettings) -> str:
    return settings.warehouse_url.get_secret_value()


def recorded(collector: str) -> Recording:
    recording = Recording(collector)
    for number in range(SEGMENTS * EACH):
        if number % EACH == 0:
            recording.seal()
        recording.receive(sold(number, transaction={"hash": "two words"}) if number % 10 == 0 else sold(number), number)
        recording.receive(listed(number), number)
    return recording


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have every hour read by processes; returns their ids."""
    begun = []

    class Process(ReadingProcess):
        def __init__(self) -> None:
            super().__init__()
            begun.append(self.pid)

    monkeypatch.setattr(staging, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr(staging, "ReadingProcess", Process)
    return begun


def test_processes_load_what_one_would(
    s3: "S3Client",
    settings: LoaderSettings,
    fresh: Callable[[LoaderSettings], LoaderSettings],
    request: pytest.FixtureRequest,
) -> None:
    for collector in ("collector-a", "collector-b"):
        recorded(collector).put(s3, settings.bucket)
    here = load_hour(HOUR, settings, say=log.info)
    begun = request.getfixturevalue("apart")
    other = fresh(settings)
    there = load_hour(HOUR, other, say=log.info)
    assert len(begun) == staging.PROCESSES
    assert contents(url_of(other)) == contents(url_of(settings))
    assert (there.inserted, there.duplicates, there.quarantined) == (here.inserted, here.duplicates, here.quarantined)
    assert there.lines == 4 * SEGMENTS * EACH


def test_an_object_that_is_not_what_its_manifest_says_loads_nothing(
    s3: "S3Client", settings: LoaderSettings, apart: list[int]
) -> None:
    manifest = recorded("collector-a").put(s3, settings.bucket)
    s3.put_object(Bucket=settings.bucket, Key=manifest.segments[2].key, Body=b"something else")
    with pytest.raises(Problem, match=r"0004\.jsonl\.zst has 14 bytes, its manifest says"):
        load_hour(HOUR, settings, say=log.info)
    s3.delete_object(Bucket=settings.bucket, Key=manifest.segments[2].key)
    with pytest.raises(Problem, match=r"0004\.jsonl\.zst: the object is missing"):
        load_hour(HOUR, settings, say=log.info)
    assert len(apart) == 2 * staging.PROCESSES
    assert one(url_of(settings), "SELECT count(*) FROM core.sale") == 0


def test_a_flood_of_refused_lines_is_counted_whole_and_kept_in_part(
    s3: "S3Client", settings: LoaderSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded("collector-a").put(s3, settings.bucket)
    for module in (rows, staging):
        monkeypatch.setattr(module, "KEPT", 3)
    report = load_hour(HOUR, settings, say=log.info)
    refused = SEGMENTS * EACH // 10
    assert report.quarantined == refused
    assert query(
        url_of(settings), "SELECT event_type, reason, sum(lines), sum(quarantined) FROM ops.reject GROUP BY 1, 2"
    ) == [("item_sold", "malformed", refused, 3 * SEGMENTS)]
    assert one(url_of(settings), "SELECT count(*) FROM ops.quarantine") == 3 * SEGMENTS
    assert one(url_of(settings), "SELECT quarantined FROM mart.hour_quality") == refused


def test_a_warehouse_that_takes_other_rows_than_were_sent_is_refused(s3: "S3Client", settings: LoaderSettings) -> None:
    recorded("collector-a").put(s3, settings.bucket)
    swallow = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    query(url_of(settings), f"{swallow}; CREATE TRIGGER swallows BEFORE INSERT ON ops.quarantine "
          "FOR EACH ROW EXECUTE FUNCTION swallow()")  # fmt: skip
    with pytest.raises(Problem, match=r"the warehouse took \(180, 0\) sales and quarantined lines of \(180, 20\)"):
        load_hour(HOUR, settings, say=log.info)
