"""The whole upload against S3 servers that others wrote: `make servers`."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from collector.upload.report import Report
from collector.upload.steps import connect
from collector.upload.uploader import upload
from tests.collector.upload.spooled import COLLECTOR, FIRST, PREFIX, Spooled, assert_archived, clock_at
from tests.servers.programs import SERVERS, Server, client, running
from tidemark.archive.names import ManifestKey, ObjectKey, SegmentName
from tidemark.core.clock import Clock
from tidemark.loader.s3 import S3Archive
from tidemark.local.process import tidemark
from tidemark.storage.object_store import ObjectConflictError, StoreUnavailableError
from tidemark.storage.s3 import S3Store
from tidemark.storage.s3_client import s3_client

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]
LARGE = {"records": 300, "filler": 20_000}  # random bytes as text: about 6 MB packed


@pytest.fixture(scope="module", params=SERVERS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    with running(request.param, tmp_path_factory.mktemp("server") / request.param) as environment:
        yield request.param, environment


class Site:
    """A spool, and a bucket of its own on the server."""

    def __init__(self, name: str, environment: dict[str, str], root: Path) -> None:
        self.kind: Server = SERVERS[name]
        self.environment = environment
        self.client = client(environment)
        self.bucket = f"test-{uuid4().hex}"
        self.client.create_bucket(Bucket=self.bucket)
        self.spooled = Spooled(root / "spool")

    def upload(self, **settings: Any) -> Report:
        safe = "conditional" if self.kind.puts_once else "head"
        given = {"bucket": self.bucket, "multipart_threshold_mib": 5, "put_once": safe, **settings}
        chosen = self.spooled.settings(**given)
        return upload(chosen, connect(chosen), lambda _: None, clock_at(FIRST.next()))

    def objects(self) -> dict[str, bytes]:
        keys = [each["Key"] for each in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])]
        return {key: self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys}


@pytest.fixture
def site(served: tuple[str, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    name, environment = served
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    return Site(name, environment, tmp_path)


def test_the_probe_finds_out_what_the_server_does_and_leaves_nothing(site: Site) -> None:
    store = S3Store(s3_client(), site.bucket, put_once="head")
    proof = store.prove(PREFIX, "collector=a", None)
    assert (proof.whole, proof.parts) == (site.kind.puts_once, site.kind.puts_once_in_parts)
    assert site.objects() == {}


def test_a_server_that_overwrites_gets_nothing_unless_keys_are_looked_up(site: Site) -> None:
    site.spooled.hour(FIRST)
    report = site.upload(put_once="conditional")
    assert report.complete is site.kind.puts_once
    if not site.kind.puts_once:
        assert "overwrites objects" in report.failed[0].problem
        assert site.objects() == {}


def test_hours_arrive_whole_also_large_ones_and_the_loader_reads_them(site: Site) -> None:
    site.spooled.hour(FIRST, segments=2)
    site.spooled.segment(FIRST, 3, **LARGE)
    assert site.upload(retention_hours=0).complete
    assert_archived(site.objects(), site.spooled, FIRST)
    archive = S3Archive(s3_client(), site.bucket, PREFIX)
    (listed,) = archive.listed(FIRST)
    assert listed.etag, "without one a changed hour would never be loaded again"
    manifest = archive.manifest(listed)
    assert sum(len(chunk) for chunk in archive.chunks(manifest.segments[2])) == manifest.segments[2].compressed_bytes


def test_an_hour_that_was_uploaded_is_equal_and_another_is_a_conflict(site: Site) -> None:
    site.spooled.hour(FIRST)
    site.spooled.segment(FIRST, 2, **LARGE)
    taken = str(ObjectKey(PREFIX, COLLECTOR, SegmentName(FIRST, 2)))
    site.client.put_object(Bucket=site.bucket, Key=taken, Body=b"another's")
    report = site.upload()
    assert [failed.what for failed in report.failed] == ["20261120T10.0002.jsonl"]
    assert "there already with other content" in report.failed[0].problem
    assert site.objects()[taken] == b"another's"
    assert str(ManifestKey(PREFIX, COLLECTOR, FIRST)) not in site.objects()
    site.client.delete_object(Bucket=site.bucket, Key=taken)
    assert site.upload().complete
    assert_archived(site.objects(), site.spooled, FIRST)


def test_encryption_is_reported_or_nothing_is_put(site: Site) -> None:
    site.spooled.hour(FIRST)
    report = site.upload(sse="AES256")
    if report.complete:
        key = str(ManifestKey(PREFIX, COLLECTOR, FIRST))
        assert site.client.head_object(Bucket=site.bucket, Key=key)["ServerSideEncryption"] == "AES256"
    else:
        assert site.objects() == {}
    assert report.complete is site.kind.reports_encryption


def test_killed_at_any_moment_the_next_run_completes(site: Site) -> None:
    site.spooled.hour(FIRST, segments=2)
    site.spooled.segment(FIRST, 3, **LARGE)
    settings = {
        "TIDEMARK_COLLECTOR": COLLECTOR,
        "TIDEMARK_SPOOL": str(site.spooled.root),
        "TIDEMARK_BUCKET": site.bucket,
        "TIDEMARK_PREFIX": PREFIX,
        "TIDEMARK_MULTIPART_THRESHOLD_MIB": "5",
        "TIDEMARK_PUT_ONCE": "conditional" if site.kind.puts_once else "head",
        "TIDEMARK_CLOCK": str(Clock(FIRST.next().start, time.time(), 1.0)),
    }
    killed = 0
    for delay in (0.9, 1.2, 1.5, 1.8):
        process = subprocess.Popen(
            tidemark("upload"), env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(delay)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed, "no run was killed: shorten the delays"
    assert site.upload().complete
    assert_archived(site.objects(), site.spooled, FIRST)


@pytest.mark.parametrize("size", [10, 6 << 20], ids=["whole", "large"])
def test_a_second_put_never_changes_what_is_there(site: Site, size: int, tmp_path: Path) -> None:
    store = S3Store(s3_client(), site.bucket, whole=5 << 20, part=5 << 20, put_once="conditional")
    try:
        store.prove(PREFIX, "collector=a", None)
    except StoreUnavailableError:
        store = S3Store(s3_client(), site.bucket, whole=5 << 20, part=5 << 20, put_once="head")
        store.prove(PREFIX, "collector=a", None)
    first, second = (letter * size for letter in (b"a", b"b"))
    assert store.put("key", first, sha256=_digest(first), media_type="text/plain") is True
    assert store.put("key", first, sha256=_digest(first), media_type="text/plain") is False
    with pytest.raises(ObjectConflictError):
        store.put("key", second, sha256=_digest(second), media_type="text/plain")
    assert site.objects() == {"key": first}


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
