"""One open segment: it ends with a whole line, whatever the disk does."""

from errno import EIO, ENOSPC
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.spool.open_segment import OpenSegment, UnwrittenError, is_broken, seal
from tests.collector.spool.disks import RefusingDisk
from tidemark.archive.names import SegmentName
from tidemark.core.hour import Hour

NAME = SegmentName(Hour.parse("2026-11-22T15"), 1)
LINES = b'{"a":1}\n{"b":22}\n{"c":333}\n'


@pytest.fixture
def disk(tmp_path: Path) -> RefusingDisk:
    disk = RefusingDisk(tmp_path)
    disk.prepare()
    return disk


def test_lines_are_appended_and_sealed(disk: RefusingDisk) -> None:
    segment = OpenSegment(disk, NAME)
    segment.write(LINES)
    segment.write(LINES)
    assert segment.size == 2 * len(LINES)
    segment.close()
    seal(disk, NAME)
    assert disk.read(f"sealed/{NAME}") == LINES * 2


def test_a_segment_without_records_leaves_no_file(disk: RefusingDisk) -> None:
    OpenSegment(disk, NAME).close()
    seal(disk, NAME)
    assert disk.everywhere() == []


@given(takes=st.integers(0, len(LINES) - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_does_not_fit_is_given_back_in_whole_lines(disk: RefusingDisk, takes: int) -> None:
    segment = OpenSegment(disk, NAME)
    with disk.refusing(ENOSPC, "write", takes=takes), pytest.raises(UnwrittenError) as unwritten:
        segment.write(LINES)
    kept = LINES[:takes].rfind(b"\n") + 1
    assert unwritten.value.rest == LINES[kept:]
    segment.write(b'{"d":4}\n')
    segment.close()
    assert disk.read(f"open/{NAME}") == LINES[:kept] + b'{"d":4}\n'
    disk.remove(f"open/{NAME}")


def test_a_disk_that_cannot_even_cut_keeps_refusing(disk: RefusingDisk) -> None:
    segment = OpenSegment(disk, NAME)
    with disk.refusing(EIO, "write", "truncate", takes=10):
        for _ in range(2):
            with pytest.raises(UnwrittenError) as unwritten:
                segment.write(LINES)
        assert unwritten.value.rest == LINES
        with pytest.raises(OSError, match="Input/output"):
            segment.close()
    assert disk.fired["truncate"] == 2


def test_a_failed_sync_is_told(disk: RefusingDisk) -> None:
    segment = OpenSegment(disk, NAME)
    segment.write(LINES)
    with disk.refusing(EIO, "sync"), pytest.raises(OSError, match="Input/output"):
        segment.close()


def test_only_a_failing_device_spoils_a_file() -> None:
    assert is_broken(OSError(EIO, ""))
    assert not is_broken(OSError(ENOSPC, ""))
