"""The segments of a spool: numbered, limited, sealed in their time."""

from errno import EIO, ENOSPC
from pathlib import Path

import pytest

from collector.spool.segments import Segments
from tests.collector.spool.disks import RefusingDisk
from tidemark.archive.record import record_line
from tidemark.core.hour import Hour

HOUR = Hour.parse("2026-11-22T15")
LINE = record_line("2026-11-22T15:04:05.123456Z", "t", b"{}")


@pytest.fixture
def disk(tmp_path: Path) -> RefusingDisk:
    disk = RefusingDisk(tmp_path)
    disk.prepare()
    return disk


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


def test_a_seal_that_fails_casts_doubt_and_is_done_later(disk: RefusingDisk, segments: Segments) -> None:
    write(segments)
    with disk.refusing(EIO, "move"):
        segments.seal()
        segments.seal_left_over()
    assert segments.doubt is not None
    assert (disk.names("sealed"), segments.share()) == ([], None)
    segments.seal_left_over()
    assert disk.names("sealed") == ["20261122T15.0001.jsonl"]
