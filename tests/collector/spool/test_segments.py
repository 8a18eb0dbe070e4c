"""The segments of a spool: numbered, limited, sealed in their time."""

from errno import EDQUOT, EIO, ENOSPC, EOVERFLOW, EROFS
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.spool.disk import Disk
from collector.spool.repair import seal
from collector.spool.segments import OpenSegment, Segments, UnwrittenError, evict, reason_of
from tests.collector.spool.disks import RefusingDisk
from tidemark.archive.names import LAST_NUMBER, SegmentName
from tidemark.archive.record import record_line
from tidemark.core.hour import Hour

HOUR = Hour.parse("2026-11-22T15")
LINE = record_line("2026-11-22T15:04:05.123456Z", "t", b"{}")
LINES = [record_line("2026-11-22T15:04:05.123456Z", "t", b'{"n":%d}' % number) for number in range(3)]
NAME = SegmentName(HOUR, 1)
WHOLE_LINES = b'{"a":1}\n{"b":22}\n{"c":333}\n'


def test_lines_are_appended_and_sealed(disk: RefusingDisk) -> None:
    segment = OpenSegment.create(disk, NAME)
    segment.write(WHOLE_LINES)
    segment.write(WHOLE_LINES)
    assert segment.size == 2 * len(WHOLE_LINES)
    segment.close()
    seal(disk, NAME)
    assert disk.read(f"sealed/{NAME}") == WHOLE_LINES * 2


def test_a_segment_without_records_leaves_no_file(disk: RefusingDisk) -> None:
    OpenSegment.create(disk, NAME).close()
    seal(disk, NAME)
    assert disk.everywhere() == []


@given(takes=st.integers(0, len(WHOLE_LINES) - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_does_not_fit_is_given_back_in_whole_lines(disk: RefusingDisk, takes: int) -> None:
    segment = OpenSegment.create(disk, NAME)
    with disk.refusing(ENOSPC, "write", takes=takes), pytest.raises(UnwrittenError) as unwritten:
        segment.write(WHOLE_LINES)
    kept = WHOLE_LINES[:takes].rfind(b"\n") + 1
    assert unwritten.value.rest == WHOLE_LINES[kept:]
    segment.write(b'{"d":4}\n')
    segment.close()
    assert disk.read(f"open/{NAME}") == WHOLE_LINES[:kept] + b'{"d":4}\n'
    disk.remove(f"open/{NAME}")


def test_a_disk_that_cannot_even_cut_keeps_refusing(disk: RefusingDisk) -> None:
    segment = OpenSegment.create(disk, NAME)
    with disk.refusing(EIO, "write", "truncate", takes=10):
        for _ in range(2):
            with pytest.raises(UnwrittenError) as unwritten:
                segment.write(WHOLE_LINES)
        assert unwritten.value.rest == WHOLE_LINES
        with pytest.raises(OSError, match="Input/output"):
            segment.close()
    assert disk.fired["truncate"] == 2


def test_a_failed_sync_is_raised(disk: RefusingDisk) -> None:
    segment = OpenSegment.create(disk, NAME)
    segment.write(WHOLE_LINES)
    with disk.refusing(EIO, "sync"), pytest.raises(OSError, match="Input/output"):
        segment.close()


@pytest.fixture
def segments(disk: RefusingDisk) -> Segments:
    return Segments(disk, 3 * len(LINE))


def write(segments: Segments, count: int = 1, *, retry: bool = True) -> tuple[bytes, OSError | None]:
    return segments.write(HOUR, LINE * count, retry=retry)


def test_numbers_go_on_behind_every_file_of_the_hour(disk: RefusingDisk, segments: Segments) -> None:
    (disk.root / "uploaded").mkdir()
    disk.put_at("uploaded/20261122T15.0004.jsonl.json", 0, b"{}")
    disk.put_at("sealed/20261122T16.0009.jsonl", 0, LINE)
    assert write(segments, 2) == (b"", None)
    assert write(segments, 2) == (b"", None)
    segments.seal()
    assert disk.names("sealed") == ["20261122T15.0005.jsonl", "20261122T15.0006.jsonl", "20261122T16.0009.jsonl"]


def last_number(disk: Disk, number: int = LAST_NUMBER) -> None:
    """Let an hour have used its numbers up to one."""
    disk.put_at(f"sealed/{SegmentName(HOUR, number)}", 0, LINE)


def test_the_last_segment_of_an_hour_goes_on_beyond_its_limit(disk: RefusingDisk, segments: Segments) -> None:
    last_number(disk, LAST_NUMBER - 2)
    for _ in range(4):
        assert write(segments, 2) == (b"", None)
    segments.seal()
    sizes = [disk.size(f"sealed/{name}") // len(LINE) for name in disk.names("sealed")]
    assert sizes == [1, 2, 6]


def test_an_hour_without_a_number_left_is_a_refusal_and_the_next_hour_is_none(
    disk: RefusingDisk, segments: Segments
) -> None:
    last_number(disk)
    rest, error = write(segments, 2)
    assert rest == LINE * 2
    assert error is not None
    assert (error.errno, reason_of(error)) == (EOVERFLOW, "disk_error")
    assert segments.write(HOUR.next(), LINE, retry=False) == (b"", None)


def test_what_is_larger_than_a_segment_gets_one_of_its_own(disk: RefusingDisk, segments: Segments) -> None:
    write(segments)
    write(segments, 5)
    segments.seal()
    assert [disk.size(f"sealed/{name}") for name in disk.names("sealed")] == [len(LINE), 5 * len(LINE)]


def test_a_full_disk_gives_back_what_it_did_not_take(disk: RefusingDisk, segments: Segments) -> None:
    with disk.refusing(ENOSPC, "write", takes=len(LINE) + 3):
        rest, error = write(segments, 3)
    assert rest == LINE * 2
    assert error is not None
    assert error.errno == ENOSPC


@pytest.mark.parametrize("retry", [True, False])
def test_a_failing_file_is_left_for_another_once(disk: RefusingDisk, segments: Segments, *, retry: bool) -> None:
    write(segments)
    with disk.refusing(EIO, "write"):
        rest, error = write(segments, retry=retry)
    assert (rest, error is None) == (LINE, False)
    assert disk.fired["write"] == (2 if retry else 1)
    assert len(disk.names("sealed")) == (1 if retry else 0)


def test_a_seal_that_fails_is_a_sync_error_and_is_done_later(disk: RefusingDisk, segments: Segments) -> None:
    write(segments)
    with disk.refusing(EIO, "move"):
        segments.seal()
        segments.seal_left_over()
    assert segments.sync_error is not None
    assert (disk.names("sealed"), segments.share()) == ([], None)
    segments.seal_left_over()
    assert disk.names("sealed") == ["20261122T15.0001.jsonl"]


class FailingOnce(RefusingDisk):
    """A disk whose next write takes some bytes, and then fails once."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.failure: OSError | None = None
        self.takes = 0

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self.failure is None:
            return super().write(descriptor, data)
        if self.takes:
            taken = super().write(descriptor, data[: self.takes])
            self.takes -= taken
            return taken
        failure, self.failure = self.failure, None
        self.fired["write"] += 1
        raise failure


def held(disk: Disk) -> bytes:
    """Return every line in the spool's segments, in the order of the segments."""
    names = [*(f"sealed/{name}" for name in disk.names("sealed")), *(f"open/{name}" for name in disk.names("open"))]
    return b"".join(disk.read(name) for name in names)


@given(takes=st.integers(0, 3 * len(LINES[0]) - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_after_one_failure_every_line_is_kept_once(tmp_path_factory: pytest.TempPathFactory, takes: int) -> None:
    disk = FailingOnce(tmp_path_factory.mktemp("spool"))
    disk.prepare()
    segments = Segments(disk, 1 << 20)
    disk.failure, disk.takes = OSError(EIO, ""), takes
    assert segments.write(HOUR, b"".join(LINES), retry=True) == (b"", None)
    assert disk.fired["write"] == 1
    segments.seal()
    assert held(disk) == b"".join(LINES)


def test_a_full_disk_is_tried_once_more_after_something_went(disk: RefusingDisk, segments: Segments) -> None:
    (disk.root / "uploaded").mkdir()
    disk.put_at("sealed/20261122T14.0001.jsonl", 0, LINE)
    disk.put_at("uploaded/20261122T14.0001.jsonl.json", 0, b"{}")
    with disk.refusing(ENOSPC, "write"):
        rest, error = write(segments)
    assert (rest, error is None) == (LINE, False)
    assert disk.fired["write"] == 2
    with disk.refusing(ENOSPC, "write"):
        write(segments)
    assert disk.fired["write"] == 3, "nothing could go, so that another try would end the same way"


def test_only_what_the_archive_has_is_deleted(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.prepare()
    for number in (1, 2):
        disk.put_at(f"sealed/20261122T14.000{number}.jsonl", 0, b"12345\n")
    assert evict(disk) == 0
    (tmp_path / "uploaded").mkdir()
    disk.put_at("uploaded/20261122T14.0001.jsonl.json", 0, b"{}")
    assert evict(disk) == 6
    assert disk.names("sealed") == ["20261122T14.0002.jsonl"]
    assert evict(disk) == 0


class Crowded(Disk):
    """A spool in which an upload deletes a file between the look at it and its removal."""

    def size(self, path: str) -> int:
        size = super().size(path)
        if path.endswith("0001.jsonl"):
            super().remove(path)
        return size


def test_what_an_upload_deleted_first_is_skipped_and_not_counted(tmp_path: Path) -> None:
    disk = Crowded(tmp_path)
    disk.prepare()
    (tmp_path / "uploaded").mkdir()
    for number in (1, 2):
        disk.put_at(f"sealed/20261122T14.000{number}.jsonl", 0, b"12345\n")
        disk.put_at(f"uploaded/20261122T14.000{number}.jsonl.json", 0, b"{}")
    assert evict(disk) == 6
    assert disk.names("sealed") == []


@pytest.mark.parametrize(
    ("number", "reason"),
    [(ENOSPC, "disk_full"), (EDQUOT, "disk_full"), (EROFS, "disk_read_only"), (EIO, "disk_error")],
)
def test_reasons_are_words_of_the_ledger(number: int, reason: str) -> None:
    assert reason_of(OSError(number, "")) == reason
