import fcntl
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.collector.upload.spooled import COLLECTOR, FIRST, PREFIX, Spooled, assert_archived
from tidemark.core.hour import Hour
from tidemark.local.services.s3 import S3Server

COMMAND = [str(Path(sys.executable).with_name("tidemark")), "upload"]


class Site:
    """A spool, and the command as cron would run it."""

    def __init__(self, root: Path, server: S3Server, bucket: str) -> None:
        self.spooled = Spooled(root / "spool")
        self._client = server.client()
        self._bucket = bucket
        anchor = time.time()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **server.environment,
            "TIDEMARK_COLLECTOR": COLLECTOR,
            "TIDEMARK_SPOOL": str(self.spooled.root),
            "TIDEMARK_BUCKET": bucket,
            "TIDEMARK_PREFIX": PREFIX,
            "TIDEMARK_UPLOAD_ATTEMPTS": "1",
            "TIDEMARK_CLOCK": f"{FIRST.end.isoformat()}@{anchor}*1",
        }

    def run(self, *options: str, **changes: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **changes}
        return subprocess.run(
            [*COMMAND, *options], env=environment, cwd=self.spooled.root, capture_output=True, text=True, check=False
        )

    def objects(self) -> dict[str, bytes]:
        listed = self._client.list_objects_v2(Bucket=self._bucket).get("Contents", [])
        keys = [each["Key"] for each in listed]
        return {key: self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read() for key in keys}

    def plant(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content)


@pytest.fixture
def site(tmp_path: Path, s3_server: S3Server, bucket: str) -> Site:
    return Site(tmp_path, s3_server, bucket)


def test_prints_a_line_for_each_file_and_hour_and_a_summary(site: Site):
    site.spooled.hour(FIRST, segments=2)
    first = site.run()
    assert (first.returncode, first.stderr) == (0, "")
    segment, _, hour, last = first.stdout.splitlines()
    assert segment.startswith("20261120T10.0001.jsonl  0.0 MB to 0.0 MB  ")
    assert hour == "2026-11-20T10  committed: 2 segments, 6 records, 1 gap"
    assert last == "upload complete: 2 segments and 1 hour archived, 0 local files deleted"
    assert_archived(site.objects(), site.spooled, FIRST)
    second = site.run()
    assert second.stdout == "upload complete: 0 segments and 0 hours archived, 0 local files deleted\n"


@pytest.mark.parametrize(
    ("output", "status", "said"),
    [("full disk", 1, "the output could not be written: no space is left on the disk"), ("closed pipe", 0, "")],
)
def test_an_output_that_cannot_be_written_stops_nothing(site: Site, output: str, status: int, said: str):
    site.spooled.hour(FIRST, segments=2)
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**site.environment, "TIDEMARK_RETENTION_HOURS": "0"}
    with Path("/dev/full").open("wb") as full, os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            COMMAND,
            env=environment,
            cwd=site.spooled.root,
            stdout=full if output == "full disk" else closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert_archived(site.objects(), site.spooled, FIRST)
    assert not list(site.spooled.root.glob("sealed/*.0*.jsonl")), "what may go is deleted"


def test_prints_one_json_object_for_a_script(site: Site):
    site.spooled.hour(FIRST)
    done = site.run("--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["busy"], report["complete"], report["waiting"]) == (0, False, True, 0)
    assert [each["name"] for each in report["uploaded"]] == ["20261120T10.0001.jsonl"]
    assert [each["hour"] for each in report["committed"]] == ["2026-11-20T10"]


def test_a_different_object_is_an_error_with_exit_status_1(site: Site):
    site.spooled.hour(FIRST, segments=2)
    key = f"{PREFIX}events/date=2026-11-20/hour=10/collector={COLLECTOR}/20261120T10.0001.jsonl.zst"
    site.plant(key, b"somebody else's")
    done = site.run()
    assert done.returncode == 1
    assert f"{key} is there already with other content" in done.stdout
    assert done.stdout.splitlines()[-1] == "upload INCOMPLETE: 1 segment and 0 hours archived; 1 failed, 1 waiting"
    assert site.objects()[key] == b"somebody else's"


@pytest.mark.parametrize(
    ("changes", "message", "step"),
    [
        ({"TIDEMARK_BUCKET": "no-such-bucket"}, "it does not exist", "TIDEMARK_BUCKET"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "the connection was refused", "the firewall"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true"}, "no credentials were found", "IAM role"),
    ],
    ids=["missing bucket", "unreachable", "no credentials"],
)
def test_an_archive_out_of_reach_is_one_clear_problem(site: Site, changes, message, step):
    site.spooled.hour(FIRST, segments=3)
    done = site.run(**changes)
    assert done.returncode == 1
    assert done.stdout.count("FAILED") == 1
    assert message in done.stdout
    assert step in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(" waiting")


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"TIDEMARK_SPOOL": "/nowhere"}, 1, "there is no spool at /nowhere"),
        ({"AWS_ENDPOINT_URL": "not a url"}, 1, "AWS_ENDPOINT_URL is not an address"),
        ({"TIDEMARK_BUCKET": "", "TIDEMARK_COLLECTOR": "?"}, 2, "TIDEMARK_BUCKET: Field required"),
        ({"TIDEMARK_CLOCK": "tomorrow"}, 2, "TIDEMARK_CLOCK: Value error, 'tomorrow' is not a clock"),
        ({"TIDEMARK_SSE_KEY_ID": "key"}, 2, "  Value error, TIDEMARK_SSE_KEY_ID and"),
    ],
)
def test_wrong_settings_are_said_without_a_traceback(site: Site, changes, status, message):
    done = site.run(**changes)
    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_takes_what_boto3_needs_from_dotenv_as_well(site: Site):
    site.spooled.hour(FIRST)
    mine = [f"{name}={site.environment.pop(name)}" for name in list(site.environment) if name.startswith("AWS_")]
    (site.spooled.root / ".env").write_text("\n".join(mine))
    done = site.run(AWS_EC2_METADATA_DISABLED="true")
    assert (done.returncode, done.stderr) == (0, "")
    assert_archived(site.objects(), site.spooled, FIRST)


def test_an_overlapping_run_leaves_the_work_to_the_first(site: Site):
    site.spooled.hour(FIRST)
    with (site.spooled.root / "upload.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = site.run()
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("another upload is running on")
        assert json.loads(site.run("--json").stdout) == {"busy": True}
    assert site.objects() == {}


def test_two_runs_at_once_archive_everything_once(site: Site):
    for number in range(4):
        site.spooled.hour(Hour.parse(f"2026-11-20T0{number}"), segments=2)
    site.spooled.hour(Hour.parse("2026-11-20T04"))
    both = [
        subprocess.Popen(COMMAND, env=site.environment, cwd=site.spooled.root, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [process.wait() for process in both] == [0, 0]
    assert site.run().returncode == 0
    hours = [Hour.parse(f"2026-11-20T{number:02d}") for number in range(11)]
    assert_archived(site.objects(), site.spooled, *hours)


def test_shows_a_bar_on_a_terminal(site: Site):
    site.spooled.hour(FIRST)
    ours, theirs = pty.openpty()
    environment = {**site.environment, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(COMMAND, env=environment, cwd=site.spooled.root, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    assert process.returncode == 0
    assert b"uploading" in shown
    assert b"upload complete: 1 segment and 1 hour archived" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other side is closed
        return b""


def test_killed_at_any_moment_the_next_run_completes(site: Site):
    for number in range(1, 9):
        site.spooled.segment(FIRST, number, records=10_000)
    site.spooled.ledger(FIRST)
    killed = 0
    for delay in (0.5, 0.9):
        with subprocess.Popen(
            COMMAND, env=site.environment, cwd=site.spooled.root, stdout=subprocess.DEVNULL
        ) as process:
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
    assert killed > 0
    assert site.run().returncode == 0
    assert_archived(site.objects(), site.spooled, FIRST)


def test_a_spool_that_was_moved_reports_no_hour_that_the_new_machine_records(site: Site, tmp_path: Path) -> None:
    site.spooled.hour(FIRST)
    (site.spooled.root / "moved").touch()
    before = site.spooled.names()
    moved = tmp_path / "new machine"
    shutil.copytree(site.spooled.root, moved)
    for spool in (site.spooled.root, moved):
        refused = site.run(TIDEMARK_SPOOL=str(spool))
        assert refused.returncode == 1
        assert "moves to another machine" in refused.stderr
    assert (site.objects(), site.spooled.names()) == ({}, before)
    (moved / "moved").unlink()
    done = site.run(TIDEMARK_SPOOL=str(moved))
    assert done.returncode == 0, done.stdout
    assert_archived(site.objects(), site.spooled, FIRST)
