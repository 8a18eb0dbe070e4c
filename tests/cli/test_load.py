import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.loader.contents import one
from tests.loader.recording import HOUR, Recording, sold
from tests.support.command import run as run_command
from tidemark.core.hour import Hour

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tidemark.local.services.s3 import S3Server


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_url: str, bucket: str):
    """Run `tidemark` with some words; return its exit status, output and errors."""
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", warehouse_url)
    monkeypatch.setenv("TIDEMARK_BUCKET", bucket)

    def tidemark(*words: str) -> tuple[int, str, str]:
        return run_command(capsys, *words)

    return tidemark


@pytest.fixture
def s3(s3_server: "S3Server", s3_endpoint: str) -> "S3Client":
    return s3_server.client()


def test_a_range_of_hours_is_loaded(run, s3: "S3Client", bucket: str, warehouse_url: str) -> None:
    for hour in (HOUR.previous(), HOUR):
        Recording(hour=hour).receive(sold(1, hour), 1).put(s3, bucket)
    status, out, _ = run("load", "--from", HOUR.previous().key, "--to", HOUR.key)
    assert status == 0
    assert out.count("loaded in") == 2
    assert one(warehouse_url, "SELECT count(*) FROM ops.load_run") == 2


def test_json_is_one_object_a_line_and_nothing_else(run, s3: "S3Client", bucket: str) -> None:
    Recording().receive(sold(1), 1).put(s3, bucket)
    status, out, err = run("load", HOUR.key, "--json")
    assert status == 0
    assert json.loads(out)["inserted"] == 1
    assert "1 sales read" in err


def test_an_hour_without_a_manifest_is_one_clear_message(run) -> None:
    status, _, err = run("load", HOUR.key)
    assert status == 1
    assert err == (
        "tidemark: the archive has no manifest of 2026-11-22T15: no collector has uploaded that hour\n"
        "  Next: Run `tidemark upload` on the collectors' machines; an hour is uploaded once it is over\n"
    )


def test_a_day_is_loaded_up_to_the_last_hour_that_is_over(
    run, s3: "S3Client", bucket: str, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = HOUR.start.replace(hour=0)
    monkeypatch.setenv("TIDEMARK_CLOCK", f"{first.isoformat()[:11]}02:30:00Z@{time.time()}*1")
    hours = [Hour(first), Hour(first).next()]
    for hour in hours:
        Recording(hour=hour).receive(sold(1, hour), 1).put(s3, bucket)
    status, out, _ = run("load", HOUR.key[:10])
    assert (status, out.count("loaded in")) == (0, 2)
    assert out.startswith(f"{HOUR.key[:10]}T02 is not over yet, so {hours[1]} is the last hour\n")
    status, out, _ = run("load", "--from", HOUR.key[:10])
    assert (status, out.count("is loaded and unchanged")) == (0, 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say which hour"),
        (("--to", "2026-11-22"), "say which hour"),
        (("2026-11-22T15:30",), "is not a UTC day or whole hour"),
        (("2026-11-22T15", "--to", "2026-11-22T16"), "or a range with --from and --to"),
        (("--from", "2026-11-23", "--to", "2026-11-22"), "2026-11-23T00 is not before --to 2026-11-22T23"),
    ],
)
def test_what_is_no_range_of_hours_is_a_mistake_of_usage(run, words: tuple[str, ...], said: str) -> None:
    status, _, err = run("load", *words)
    assert status == 2
    assert said in " ".join(err.replace("│", " ").split())


def test_a_dead_database_is_one_clear_message(
    run, s3: "S3Client", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Recording().put(s3, bucket)
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", "postgresql://someone:very-secret@127.0.0.1:1/warehouse")
    status, _, err = run("load", HOUR.key)
    assert status == 1
    assert "the warehouse (127.0.0.1:1, database warehouse, user someone): the connection was refused" in err
    assert "very-secret" not in err
