"""Objects copied into staging, by this process or by several: the same rows, counts and refusals."""

import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest

from tests.loader.contents import contents, one, query
from tests.loader.recording import HOUR, Recording, listed, sold
from tidemark.core.errors import Problem
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.file import files_of
from tidemark.loader.warehouse.load import load
from tidemark.loader.warehouse.packing import Codes
from tidemark.loader.warehouse.reading import MOST_PROCESSES, shares
from tidemark.loader.warehouse.rows import MOST_QUARANTINED

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SEGMENTS, EACH = 5, 40
PROCESSES = min(MOST_PROCESSES, os.cpu_count() or 1)
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


by_processes = partial(load, worth_a_process=0)
PROCESS = "tidemark.loader.warehouse.process"


@pytest.fixture
def begun() -> list[str]:
    """The reading processes that this test has begun; Python's audit events name each new process."""
    STARTED.clear()
    return STARTED


STARTED: list[str] = []


def note_process(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and PROCESS in cast("list[str]", arguments[1]):
        STARTED.append(PROCESS)


sys.addaudithook(note_process)


def test_processes_load_what_one_would(
    s3: "S3Client",
    settings: LoaderSettings,
    fresh: Callable[[LoaderSettings], LoaderSettings],
    begun: list[str],
) -> None:
    for collector in ("collector-a", "collector-b"):
        recorded(collector).put(s3, settings.bucket)
    here = load_hour(HOUR, settings, log=log.info)
    assert begun == []
    other = fresh(settings)
    there = load_hour(HOUR, other, log=log.info, loading=by_processes)
    assert len(begun) == PROCESSES
    assert contents(url_of(other)) == contents(url_of(settings))
    assert (there.inserted, there.duplicates, there.quarantined) == (here.inserted, here.duplicates, here.quarantined)
    assert there.lines == 4 * SEGMENTS * EACH


def test_an_object_that_processes_share_is_loaded_as_by_one(
    s3: "S3Client", settings: LoaderSettings, fresh: Callable[[LoaderSettings], LoaderSettings]
) -> None:
    manifest = recorded("collector-a").put(s3, settings.bucket)
    files = files_of(HOUR, [manifest], Codes())
    assert any(part.end for share in shares([file.origin for file in files], 2, 0) for part in share)
    load_hour(HOUR, settings, log=log.info)
    load_hour(HOUR, other := fresh(settings), log=log.info, loading=by_processes)
    assert contents(url_of(other)) == contents(url_of(settings))
    assert one(url_of(other), "SELECT count(*) FROM mart.market_hourly WHERE listings > 0") != 0


def test_an_object_that_is_not_what_its_manifest_says_loads_nothing(
    s3: "S3Client", settings: LoaderSettings, begun: list[str]
) -> None:
    manifest = recorded("collector-a").put(s3, settings.bucket)
    s3.put_object(Bucket=settings.bucket, Key=manifest.segments[2].key, Body=b"something else")
    with pytest.raises(Problem, match=r"0004\.jsonl\.zst has 14 bytes, its manifest says"):
        load_hour(HOUR, settings, log=log.info, loading=by_processes)
    s3.delete_object(Bucket=settings.bucket, Key=manifest.segments[2].key)
    with pytest.raises(Problem, match=r"0004\.jsonl\.zst: the object is missing"):
        load_hour(HOUR, settings, log=log.info, loading=by_processes)
    assert len(begun) == 2 * PROCESSES
    assert one(url_of(settings), "SELECT count(*) FROM core.sale") == 0


def test_a_flood_of_refused_lines_is_counted_whole_and_kept_in_part(s3: "S3Client", settings: LoaderSettings) -> None:
    recording, refused = Recording("collector-a"), MOST_QUARANTINED + 20
    for number in range(refused):
        recording.receive(sold(number, transaction={"hash": "two words"}), number)
    recording.put(s3, settings.bucket)
    report = load_hour(HOUR, settings, log=log.info)
    assert report.quarantined == refused
    assert query(
        url_of(settings), "SELECT event_type, reason, sum(lines), sum(quarantined) FROM ops.reject GROUP BY 1, 2"
    ) == [("item_sold", "malformed", refused, MOST_QUARANTINED)]
    assert one(url_of(settings), "SELECT count(*) FROM ops.quarantine") == MOST_QUARANTINED
    assert one(url_of(settings), "SELECT quarantined FROM mart.hour_quality") == refused


def test_a_warehouse_that_takes_other_rows_than_were_sent_is_refused(s3: "S3Client", settings: LoaderSettings) -> None:
    recorded("collector-a").put(s3, settings.bucket)
    swallow = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    query(url_of(settings), f"{swallow}; CREATE TRIGGER swallows BEFORE INSERT ON ops.quarantine "
          "FOR EACH ROW EXECUTE FUNCTION swallow()")  # fmt: skip
    with pytest.raises(Problem, match=r"the warehouse took \(180, 0\) sales and quarantined lines of \(180, 20\)"):
        load_hour(HOUR, settings, log=log.info)
