import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest

from collector.spool.lock import held
from collector.upload.folders import UploadFolders, UploadRunningError
from collector.upload.packing import PackedSegment
from collector.upload.report import Committed, Event, Planned, Report, Uploaded
from collector.upload.uploader import upload
from tests.collector.upload.spooled import COLLECTOR, FIRST, PREFIX, TOPIC, Spooled, assert_archived, clock_at
from tests.storage.memory import MemoryStore
from tidemark.archive.ledger import Alive, Joined, Started, Stopped
from tidemark.archive.manifest import read_manifest
from tidemark.archive.names import ManifestKey, ObjectKey, SegmentName
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.storage.object_store import ChecksumMismatchError, Proof, StoreUnavailableError

SECOND = FIRST.next()
THIRD = SECOND.next()


class Killed(BaseException):
    """The process is gone at this point."""


@dataclass
class DiskError:
    """A number of attempts to pack a segment that fail with an error of the disk."""

    number: int
    times: int


class Refusing(UploadFolders):
    """A spool whose disk refuses to take packed segments."""

    def __init__(self, root: Path, refusal: DiskError) -> None:
        super().__init__(root)
        self._refusal = refusal

    def pack(self, name: SegmentName, *, level: int) -> tuple[Path, PackedSegment]:
        if self._refusal.times:
            self._refusal.times -= 1
            raise OSError(self._refusal.number, os.strerror(self._refusal.number))
        return super().pack(name, level=level)


class Site:
    """A spool and an archive in memory."""

    def __init__(self, root: Path) -> None:
        self.spooled = Spooled(root)
        self.store = MemoryStore()
        self.events: list[Event] = []
        self.disk_error: DiskError | None = None

    def upload(self, at: Hour, *, minutes: float = 5, **changes: object) -> Report:
        changes = {"upload_workers": 1, **changes}
        clock = clock_at(at, minutes)
        settings = self.spooled.settings(**changes)
        folders = (
            UploadFolders(settings.spool) if self.disk_error is None else Refusing(settings.spool, self.disk_error)
        )
        return upload(settings, self.store, self.events.append, clock, folders)

    def manifest(self, hour: Hour) -> str:
        return str(ManifestKey(PREFIX, COLLECTOR, hour))

    def key(self, hour: Hour, number: int) -> str:
        return str(ObjectKey(PREFIX, COLLECTOR, SegmentName(hour, number)))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "spool")


def test_a_finished_hour_is_archived_with_its_manifest_last_and_kept_for_retention(site: Site):
    site.spooled.hour(FIRST, segments=2)
    report = site.upload(SECOND)
    assert report.complete
    assert_archived(site.store.objects, site.spooled, FIRST)
    assert site.store.puts[-1] == site.manifest(FIRST)
    assert set(site.store.media_types.values()) == {"application/zstd", "application/json"}
    assert {"sealed/20261120T10.0001.jsonl", "sealed/20261120T10.0002.jsonl"} < set(site.spooled.names())


def test_reports_its_steps_in_order(site: Site):
    site.spooled.hour(FIRST)
    site.upload(SECOND)
    planned, uploaded, committed = site.events
    size = len(site.spooled.segments[SegmentName(FIRST, 1)])
    assert planned == Planned(segments=1, bytes=size, hours=1)
    assert isinstance(uploaded, Uploaded)
    assert (uploaded.name, uploaded.bytes, uploaded.created) == ("20261120T10.0001.jsonl", size, True)
    assert uploaded.compressed_bytes == len(site.store.objects[uploaded.key])
    assert isinstance(committed, Committed)
    assert (committed.hour, committed.segments, committed.records, committed.gaps) == (FIRST.key, 1, 3, 1)


def test_an_output_that_cannot_be_written_stops_no_upload_and_no_deletion(site: Site):
    site.spooled.hour(FIRST, segments=2)
    told = []

    def watch(event: Event) -> None:
        told.append(event)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    settings = site.spooled.settings(retention_hours=0)
    report = upload(settings, site.store, watch, clock_at(SECOND))
    assert (report.complete, report.deleted, len(told)) == (True, 4, 4)
    assert_archived(site.store.objects, site.spooled, FIRST)


def test_a_second_run_has_nothing_to_do(site: Site):
    site.spooled.hour(FIRST)
    site.upload(SECOND)
    puts = list(site.store.puts)
    report = site.upload(SECOND, minutes=10)
    assert (report.complete, report.uploaded, report.committed) == (True, [], [])
    assert site.store.puts == puts


def test_files_go_after_retention_and_the_last_manifest_stays(site: Site):
    site.spooled.hour(FIRST)
    assert site.upload(SECOND, minutes=59, retention_hours=1).deleted == 0
    assert site.upload(THIRD, minutes=0, retention_hours=1).deleted == 4
    assert site.spooled.names() == ["uploaded/20261120T11.json"]


def test_a_backlog_of_days_goes_oldest_first_with_a_manifest_for_every_hour(site: Site):
    days = [FIRST]
    while len(days) < 60:
        days.append(days[-1].next())
    for hour in days[::7]:
        site.spooled.hour(hour)
    report = site.upload(days[-1], upload_workers=8)
    assert report.complete
    assert_archived(site.store.objects, site.spooled, *days[:-1])
    manifests = [key for key in site.store.puts if "manifests/" in key]
    assert manifests == sorted(manifests)
    assert len(manifests) == 59


def test_a_clock_that_was_wrong_once_makes_no_manifests_of_decades(site: Site):
    site.spooled.hour(Hour.parse("1970-01-01T00"))
    site.spooled.hour(FIRST)
    for _ in range(2):
        report = site.upload(SECOND)
        assert [failed.what for failed in report.failed] == ["the hours after 1970-01-01T00"]
        assert "19700101T00" in report.failed[0].hint
    assert set(site.store.objects) == {site.key(FIRST, 1), site.manifest(FIRST)}


def test_an_hour_in_which_no_collector_ran_is_a_gap_of_every_expected_topic(site: Site):
    site.spooled.hour(FIRST)
    site.upload(THIRD)
    manifest = read_manifest(site.store.objects[site.manifest(SECOND)])
    assert [(gap.topic, gap.start, gap.end, gap.reason) for gap in manifest.gaps] == [
        (TOPIC, SECOND.start, SECOND.end, "not_running")
    ]


def test_what_a_dead_collector_left_open_is_cut_sealed_and_shipped(site: Site):
    site.spooled.segment(FIRST, 1, folder="open")
    site.spooled.ledger(FIRST, folder="open")
    torn = site.spooled.root / "open" / "20261120T10.0001.jsonl"
    with torn.open("ab") as file:
        file.write(b'{"received_at":"2026-11-20T10:00')
    assert site.upload(SECOND).complete
    assert_archived(site.store.objects, site.spooled, FIRST)


def test_a_live_collector_keeps_its_open_hour_and_the_sealed_segments_of_it_go_early(site: Site):
    site.spooled.hour(FIRST)
    site.spooled.segment(SECOND, 1)
    site.spooled.segment(SECOND, 2, folder="open")
    site.spooled.ledger(SECOND, folder="open")
    with held(site.spooled.root):
        report = site.upload(THIRD)
    assert report.complete
    assert set(site.store.objects) == {site.key(FIRST, 1), site.key(SECOND, 1), site.manifest(FIRST)}
    assert "open/20261120T11.0002.jsonl" in site.spooled.names()

    assert site.upload(THIRD).complete, "once it is dead, the rest of its hour goes"
    assert_archived(site.store.objects, site.spooled, FIRST, SECOND)


def test_a_different_object_is_loud_and_the_others_go_on(site: Site):
    site.spooled.hour(FIRST, segments=2)
    site.spooled.hour(SECOND)
    site.store.objects[site.key(FIRST, 1)] = b"somebody else's"
    report = site.upload(THIRD)
    assert not report.complete
    assert [failed.what for failed in report.failed] == ["20261120T10.0001.jsonl"]
    assert report.waiting == 1, "the manifest of the hour it belongs to"
    assert site.store.objects[site.key(FIRST, 1)] == b"somebody else's"
    assert {site.key(FIRST, 2), site.key(SECOND, 1), site.manifest(SECOND)} < set(site.store.objects)
    assert site.manifest(FIRST) not in site.store.objects

    del site.store.objects[site.key(FIRST, 1)]
    assert site.upload(THIRD, minutes=10).complete
    assert_archived(site.store.objects, site.spooled, FIRST, SECOND)


def test_an_hour_without_a_ledger_waits_for_the_one_before(site: Site):
    site.spooled.hour(FIRST)
    site.store.objects[site.key(FIRST, 1)] = b"somebody else's"
    report = site.upload(THIRD)
    assert report.waiting == 2
    assert not any("manifests/" in key for key in site.store.objects)


class Failing(MemoryStore):
    """Raises a problem instead of, or after, the put of one key; once."""

    def __init__(self, key: str, problem: BaseException, *, after: bool = False) -> None:
        super().__init__()
        self._key, self._problem, self._after = key, problem, after
        self.fired = 0

    def put(self, key: str, file: Path, *, sha256: str, media_type: str) -> bool:
        if key != self._key or self.fired:
            return super().put(key, file, sha256=sha256, media_type=media_type)
        self.fired += 1
        if self._after:
            super().put(key, file, sha256=sha256, media_type=media_type)
        raise self._problem


def test_a_manifest_whose_answer_was_lost_is_equal_at_the_next_try_an_hour_later(site: Site):
    site.spooled.hour(FIRST)
    store = site.store = Failing(site.manifest(FIRST), StoreUnavailableError("no answer", "Later"), after=True)
    assert not site.upload(SECOND).complete
    assert store.fired == 1
    report = site.upload(SECOND, minutes=50)
    assert report.complete
    assert [committed.created for committed in report.committed] == [False]
    assert_archived(store.objects, site.spooled, FIRST)


def test_a_damaged_file_is_packed_again(site: Site):
    site.spooled.hour(FIRST)
    store = site.store = Failing(site.key(FIRST, 1), ChecksumMismatchError("other bytes", "Again"))
    assert not site.upload(SECOND).complete
    assert store.fired == 1
    assert not any(name.startswith("packed/") for name in site.spooled.names())
    assert site.upload(SECOND).complete
    assert_archived(store.objects, site.spooled, FIRST)


def test_an_unusable_archive_is_said_once_and_nothing_else_is_tried(site: Site):
    for hour in (FIRST, SECOND):
        site.spooled.hour(hour, segments=3)
    store = site.store = Failing(site.key(FIRST, 2), StoreUnavailableError("bucket is gone", "Create it"))
    report = site.upload(THIRD)
    assert [(failed.what, failed.problem) for failed in report.failed] == [("20261120T10.0002.jsonl", "bucket is gone")]
    assert len(store.puts) <= 2, "one before, and at most one that was already under way"
    assert len(report.uploaded) + report.waiting + 1 == 6 + 2
    assert site.upload(THIRD).complete
    assert_archived(store.objects, site.spooled, FIRST, SECOND)


class Lax(MemoryStore):
    """An archive that overwrites."""

    def prove(self, prefix: str, name: str, known: Proof | None) -> Proof:
        raise StoreUnavailableError("bucket 'x' overwrites objects", "Use another")


def test_an_archive_that_overwrites_gets_nothing(site: Site):
    site.spooled.hour(FIRST, segments=2)
    site.store = Lax()
    report = site.upload(SECOND)
    assert [(failed.what, failed.problem) for failed in report.failed] == [
        ("the archive", "bucket 'x' overwrites objects")
    ]
    assert (report.waiting, site.store.puts) == (3, [])


def test_the_archive_is_asked_once_and_only_when_something_is_due(site: Site):
    site.store = Lax()
    assert site.upload(SECOND).complete
    site.store = MemoryStore()
    site.spooled.hour(FIRST)
    site.upload(SECOND)
    proof = UploadFolders(site.spooled.root).proof()
    assert proof is not None
    assert (proof.endpoint, proof.prefix) == ("memory", PREFIX)


def test_a_manifest_that_was_packed_while_the_clock_was_ahead_is_not_put_without_later_segments(site: Site):
    site.spooled.hour(FIRST)
    site.store = Failing(site.manifest(FIRST), StoreUnavailableError("no answer", "Later"))
    site.upload(SECOND)
    assert "packed/20261120T10.json" in site.spooled.names()
    site.spooled.segment(FIRST, 2)
    assert site.upload(SECOND, minutes=10).complete
    assert_archived(site.store.objects, site.spooled, FIRST)


def test_a_manifest_that_was_packed_before_its_ledger_grew_reports_what_the_ledger_reports(site: Site):
    site.spooled.hour(FIRST)
    site.store = Failing(site.manifest(FIRST), StoreUnavailableError("no answer", "Later"))
    site.upload(SECOND)
    start, end = FIRST.start + timedelta(seconds=1), FIRST.end - timedelta(minutes=9)
    site.spooled.ledger(FIRST, Started(start, "r", (TOPIC,), "t"), Joined(start, 1, TOPIC), Alive(end, 1), Stopped(end))
    assert site.upload(SECOND, minutes=10).complete
    assert read_manifest(site.store.objects[site.manifest(FIRST)]).covered[0].end == end


def test_a_packed_manifest_that_is_torn_is_made_again(site: Site):
    site.spooled.hour(FIRST)
    site.store = Failing(site.manifest(FIRST), StoreUnavailableError("no answer", "Later"))
    site.upload(SECOND)
    (site.spooled.root / "packed" / "20261120T10.json").write_bytes(b"[" * 100_000)
    assert site.upload(SECOND, minutes=10).complete


def test_a_segment_of_a_committed_hour_is_reported_and_left_alone(site: Site):
    site.spooled.hour(FIRST)
    site.upload(SECOND, retention_hours=0)
    objects = dict(site.store.objects)
    site.spooled.segment(FIRST, 2)
    for _ in range(2):
        report = site.upload(SECOND, retention_hours=0)
        assert [failed.what for failed in report.failed] == ["20261120T10.0002.jsonl"]
    assert site.store.objects == objects
    assert "sealed/20261120T10.0002.jsonl" in site.spooled.names()


def test_a_spoiled_ledger_fails_its_hour_alone(site: Site):
    site.spooled.hour(FIRST)
    site.spooled.hour(SECOND)
    (site.spooled.root / "sealed" / "20261120T10.coverage.jsonl").write_bytes(b"nonsense\n")
    report = site.upload(THIRD)
    assert [failed.what for failed in report.failed] == ["the manifest of 2026-11-20T10"]
    assert [committed.hour for committed in report.committed] == [SECOND.key]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_gives_up_uploaded_files_before_their_time(site: Site, number: int):
    site.spooled.hour(FIRST)
    site.upload(SECOND)
    site.spooled.hour(SECOND)
    site.disk_error = DiskError(number, times=1)
    assert site.upload(THIRD).complete
    assert site.disk_error.times == 0
    assert "sealed/20261120T10.0001.jsonl" not in site.spooled.names()
    assert_archived(site.store.objects, site.spooled, FIRST, SECOND)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 4 MiB."""
    with TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("this user may mount no disk")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def test_on_a_disk_that_is_really_full_packing_makes_room_or_says_so_and_leaves_nothing(small_disk: Path):
    site = Site(small_disk / "spool")
    site.spooled.hour(FIRST, records=100, filler=8_000)
    assert site.upload(SECOND).complete
    site.spooled.hour(SECOND, records=100, filler=8_000)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(os.statvfs(small_disk).f_bavail * 4096 - (256 << 10)))
    assert site.upload(THIRD).complete
    assert "sealed/20261120T10.0001.jsonl" not in site.spooled.names(), "it had to make room"
    assert_archived(site.store.objects, site.spooled, FIRST, SECOND)

    site.spooled.hour(THIRD, records=20, filler=20_000)
    ballast.unlink()
    (site.spooled.root / "sealed" / "20261120T11.0001.jsonl").unlink()
    ballast.write_bytes(bytes(os.statvfs(small_disk).f_bavail * 4096 - (256 << 10)))
    report = site.upload(THIRD.next())
    assert [failed.problem for failed in report.failed] == [
        "20261120T12.0001.jsonl cannot be read or written: no space is left on the disk"
    ]
    assert not [name for name in site.spooled.names() if name.startswith("packed/")]


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "no space is left on the disk"), (errno.EIO, "the disk failed to read or write")],
)
def test_a_disk_that_fails_is_a_problem_of_the_file(site: Site, number, said):
    site.spooled.hour(FIRST)
    site.disk_error = DiskError(number, times=2)
    report = site.upload(SECOND)
    assert [failed.problem for failed in report.failed] == [f"20261120T10.0001.jsonl cannot be read or written: {said}"]
    assert "sealed/20261120T10.0001.jsonl" in site.spooled.names()


def test_a_second_upload_on_the_same_spool_is_busy_and_changes_nothing(site: Site):
    site.spooled.hour(FIRST)
    before = site.spooled.names()
    with (site.spooled.root / "upload.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UploadRunningError, match="another upload is running"):
            site.upload(SECOND)
    assert site.spooled.names() == before


def test_a_missing_spool_is_a_problem(tmp_path: Path, site: Site):
    with pytest.raises(Problem, match="there is no spool at"):
        site.upload(SECOND, spool=tmp_path / "nowhere")


def test_a_spool_that_cannot_be_written_is_a_problem(site: Site):
    (site.spooled.root / "upload.lock").mkdir()
    with pytest.raises(Problem, match=r"the spool .* cannot be read or written: a folder is where a file should be"):
        site.upload(SECOND)


def test_remembers_how_it_ended_for_those_who_watch_the_machine(site: Site):
    site.spooled.hour(FIRST)
    site.store = Failing(site.key(FIRST, 1), StoreUnavailableError("bucket is gone", "Create it"))
    site.upload(SECOND)
    left = UploadFolders(site.spooled.root).last()
    assert left is not None
    assert (left.at, left.complete, left.problems) == ("2026-11-20T11:05:00.000000Z", False, ("bucket is gone",))
    assert (left.uploaded, left.waiting, left.failures) == (0, 1, 1)
    site.upload(SECOND, minutes=10)
    left = UploadFolders(site.spooled.root).last()
    assert left is not None
    assert (left.complete, left.uploaded, left.committed, left.failures) == (True, 1, 1, 1)


def test_time_may_run_at_another_rate(site: Site):
    site.spooled.hour(FIRST)
    anchor = clock_at(FIRST)()
    settings = site.spooled.settings(clock=f"{FIRST.start.isoformat()}@{anchor}*180")
    at = [anchor + 19, anchor + 20]
    assert upload(settings, site.store, site.events.append, lambda: at[0]).committed == []
    assert [done.hour for done in upload(settings, site.store, site.events.append, lambda: at[1]).committed] == [
        FIRST.key
    ]


MOVES = [{"bucket": "new"}, {"prefix": "new/"}, {"collector": "collector-b"}]


def moved(site: Site, changes: dict[str, str], *, evicted: bool) -> dict[str, bytes]:
    """Upload one segment in the middle of its hour, then change where the archive is; return what is in the old one."""
    site.spooled.segment(FIRST, 1)
    site.spooled.segment(FIRST, 2, folder="open")
    site.spooled.ledger(FIRST, folder="open")
    with held(site.spooled.root):
        assert len(site.upload(FIRST, minutes=30).uploaded) == 1
    if evicted:
        (site.spooled.root / "sealed" / "20261120T10.0001.jsonl").unlink()
    objects = dict(site.store.objects)
    if "bucket" in changes:
        site.store = MemoryStore(bucket=changes["bucket"])
    return objects


def missing(site: Site) -> list[str]:
    """Return the keys that manifests name and that no object has."""
    manifests = [read_manifest(data) for key, data in site.store.objects.items() if "manifests/" in key]
    named = [segment.key for manifest in manifests for segment in manifest.segments]
    return [key for key in named if key not in site.store.objects]


@pytest.mark.parametrize("changes", MOVES)
def test_an_hour_that_began_in_another_archive_is_whole_in_the_new_one(site: Site, changes: dict[str, str]):
    moved(site, changes, evicted=False)
    report = site.upload(SECOND, retention_hours=0, **changes)
    assert report.complete
    assert ([done.segments for done in report.committed], missing(site)) == ([2], [])


@pytest.mark.parametrize("changes", MOVES)
def test_an_hour_whose_segment_is_only_in_another_archive_waits_and_says_where(site: Site, changes: dict[str, str]):
    moved(site, changes, evicted=True)
    for _ in range(2):
        report = site.upload(SECOND, retention_hours=0, **changes)
        (failed,) = report.failed
        old, new = failed.problem.split(", its hour goes to ")
        assert f"s3://memory/{site.key(FIRST, 1)} at memory" in old
        assert next(iter(changes.values())) in new
        assert (report.committed, report.waiting, report.deleted) == ([], 1, 0)
    assert not [key for key in site.store.objects if "manifests/" in key]


def test_a_segment_that_is_unpacked_into_the_spool_again_lets_its_hour_be_committed(site: Site):
    moved(site, {"bucket": "new"}, evicted=True)
    assert not site.upload(SECOND).complete
    site.spooled.segment(FIRST, 1)
    assert site.upload(SECOND).complete
    assert_archived(site.store.objects, site.spooled, FIRST)


def test_hours_that_were_committed_to_another_archive_stay_there(site: Site):
    site.spooled.hour(FIRST)
    assert site.upload(SECOND).complete
    site.store = MemoryStore(bucket="new")
    site.spooled.hour(SECOND)
    assert site.upload(THIRD, retention_hours=0).complete
    assert_archived(site.store.objects, site.spooled, SECOND)


@pytest.mark.parametrize("record", [b"\x00", b'{"x":' + b"[" * 100_000, b"{}"])
def test_a_record_that_says_no_place_is_uploaded_again_or_is_a_problem(site: Site, record: bytes):
    site.spooled.hour(FIRST)
    site.upload(FIRST, minutes=30)
    (site.spooled.root / "uploaded" / "20261120T10.0001.jsonl.json").write_bytes(record)
    sealed = site.spooled.root / "sealed" / "20261120T10.0001.jsonl"
    content = sealed.read_bytes()
    sealed.unlink()
    report = site.upload(SECOND)
    assert ["a place that its record does not say" in failed.problem for failed in report.failed] == [True]
    sealed.write_bytes(content)
    assert site.upload(SECOND).complete
    assert_archived(site.store.objects, site.spooled, FIRST)


class Changes:
    """Counts every change of a folder and of the archive; the process dies at the given one, and does no more."""

    def __init__(self) -> None:
        self.root = ""
        self.last = 0
        self.steps: list[str] = []

    def begin(self, root: Path, last: int) -> None:
        self.root, self.last, self.steps = str(root), last, []

    def end(self) -> None:
        self.root = ""

    def step(self, name: str) -> None:
        if self.root:
            self.steps.append(name)
            if len(self.steps) >= self.last:
                raise Killed(name)

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """Take an audit event of Python: the interpreter raises one before it changes a file."""
        if self.root and arguments and str(arguments[0]).startswith(self.root):
            writes = event == "open" and cast("int", arguments[2]) & (os.O_WRONLY | os.O_RDWR)
            if writes or event in ("os.rename", "os.remove", "os.mkdir"):
                self.step(f"{event} {arguments[0]}")


CHANGES = Changes()
sys.addaudithook(CHANGES.audit)  # a hook stays for the life of the process, and does nothing without a folder


class MortalStore(MemoryStore):
    """An archive that counts its puts as changes, before and after."""

    def put(self, key: str, content: Path | bytes, *, sha256: str, media_type: str) -> bool:
        CHANGES.step(f"put {key}")
        created = super().put(key, content, sha256=sha256, media_type=media_type)
        CHANGES.step(f"after put {key}")
        return created


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, where a sync costs nothing."""
    with TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)
    CHANGES.end()


def test_killed_at_any_step_nothing_is_lost_and_the_next_run_completes(memory: Path):
    for step in range(1, 1000):
        site = Site(memory / str(step))
        site.store = MortalStore()
        site.spooled.hour(FIRST)
        site.spooled.segment(SECOND, 1, folder="open")
        site.spooled.ledger(SECOND, folder="open")
        CHANGES.begin(site.spooled.root, step)
        try:
            site.upload(THIRD, retention_hours=0)
        except Killed:
            pass
        else:
            break
        steps = CHANGES.steps
        CHANGES.end()
        sealed_or_open = {name.rpartition("/")[2] for name in site.spooled.names() if not name.startswith("uploaded")}
        for name in site.spooled.segments:
            assert str(name) in sealed_or_open or site.key(name.hour, name.number) in site.store.objects
        for hour in (FIRST, SECOND):
            if site.manifest(hour) in site.store.objects:
                assert site.spooled.keys(hour) <= set(site.store.objects), "a manifest came before its segments"
        report = site.upload(THIRD, minutes=30, retention_hours=0)
        assert report.complete, (step, steps)
        assert_archived(site.store.objects, site.spooled, FIRST, SECOND)
        assert site.spooled.names() == ["sealed/20261120T11.coverage.jsonl", "uploaded/20261120T11.json"]
    assert step > 30, "every change of a run was a place to die"
