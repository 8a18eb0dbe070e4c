"""Uploads beside a collector at work: what it received is archived once, in the hour that received it."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import zstandard

from collector.settings import UploadSettings
from collector.spool.lock import held
from collector.upload.folders import UploadFolders
from collector.upload.report import Report
from collector.upload.uploader import upload
from tests.collector.recording import Recording
from tests.storage.memory import MemoryStore
from tidemark.archive.manifest import Manifest, read_manifest
from tidemark.archive.names import ObjectKey
from tidemark.archive.record import read_record
from tidemark.core.hour import Hour, hours
from tidemark.simulator.message import digest_of
from tidemark.simulator.server import Simulator

SECONDS_AN_HOUR = 0.7


async def test_hours_that_pass_while_uploads_run_are_archived_once_and_whole(simulator: Simulator, tmp_path: Path):
    clock = f"2026-11-20T10:30:00Z@{time.time()}*{3600 / SECONDS_AN_HOUR}"
    recording = Recording(simulator, tmp_path, clock=clock)
    store = MemoryStore()
    settings = UploadSettings(
        collector="collector-a", spool=recording.spool, bucket="archive", clock=clock, retention_hours=0
    )

    def upload_once() -> Report:
        return upload(settings, store, lambda _: None)

    reports: list[Report] = []
    with held(recording.spool):
        async with recording.running():
            await recording.joined()
            for _ in range(5):
                await recording.flow(SECONDS_AN_HOUR)
                reports.append(await asyncio.to_thread(upload_once))
            await recording.received()
    await asyncio.sleep(SECONDS_AN_HOUR)
    reports.append(upload_once())
    assert all(report.complete for report in reports)
    assert sum(len(report.committed) for report in reports[:-1]) >= 3, "hours are committed while the collector lives"

    manifests = {key: read_manifest(content) for key, content in store.objects.items() if key.startswith("manifests/")}
    assert_every_hour_is_there(list(manifests.values()))
    archived = Counter(digest for manifest in manifests.values() for digest in digests_in(manifest, store))
    assert archived == Counter(sent.digest for sent in recording.sent_to_us())
    assert len(manifests) >= 5
    assert all(
        gap.reason in {"not_started", "not_running", "connecting"}
        for manifest in manifests.values()
        for gap in manifest.gaps
    )


def assert_every_hour_is_there(manifests: list[Manifest]) -> None:
    found = sorted(Hour.parse(manifest.hour) for manifest in manifests)
    assert found == list(hours(found[0], found[-1]))


def digests_in(manifest: Manifest, store: MemoryStore) -> list[str]:
    """Return the digests of an hour's messages, each of which must lie in the hour and be counted."""
    digests = []
    for segment in manifest.segments:
        hour = ObjectKey.parse(segment.key).segment.hour
        records = [read_record(line) for line in zstandard.decompress(store.objects[segment.key]).splitlines()]
        assert len(records) == segment.records
        assert {record.received_at[:13] for record in records} == {hour.key}
        digests += [digest_of(bytes(record.message)) for record in records]
    return digests


async def test_failed_uploads_are_counted_among_the_metrics(simulator: Simulator, tmp_path: Path):
    recording = Recording(simulator, tmp_path)
    assert recording.collector.status().upload_failures == 0
    settings = UploadSettings(collector="collector-a", spool=recording.spool, bucket="archive")
    async with recording.running():
        await recording.joined()
        recording.send(3)
        await recording.received()
    report = upload(settings, MemoryStore(bucket_exists=False), lambda _: None)
    assert not report.complete
    assert UploadFolders(recording.spool).last() is not None
    assert recording.collector.status().upload_failures == 1
