from errno import EIO, ENOSPC
from os import strerror

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.upload.report import (
    Committed,
    Failed,
    LastRun,
    Report,
    Uploaded,
    disk_problem,
    last_run,
    late,
    print_last_run,
    read_last_run,
    spoiled,
)
from tests.collector.upload.spooled import FIRST
from tidemark.archive.names import SegmentName

UPLOADED_ONE = Uploaded("20261120T10.0001.jsonl", "key", 10, 1, 0.1, created=True)
COMMITTED = Committed("2026-11-20T10", "key", 1, 3, 0, created=True)


def test_what_succeeded_is_filed_by_kind():
    report = Report()
    report.done(UPLOADED_ONE)
    report.done(COMMITTED)
    assert (report.uploaded, report.committed) == ([UPLOADED_ONE], [COMMITTED])
    assert report.complete


@pytest.mark.parametrize("report", [Report(failed=[Failed("a", "b", "c")]), Report(waiting=1)])
def test_a_run_that_left_something_behind_is_not_complete(report: Report):
    assert not report.complete


def test_failures_add_up_over_runs_also_after_a_success():
    failed = Report(failed=[Failed("20261120T10.0001.jsonl", "bucket is gone", "Create it")], waiting=3)
    first = last_run("2026-11-20T11:05:00.000000Z", failed, None)
    assert (first.complete, first.problems, first.waiting, first.failures) == (False, ("bucket is gone",), 3, 1)
    second = last_run("2026-11-20T12:05:00.000000Z", failed, first)
    third = last_run("2026-11-20T13:05:00.000000Z", Report(), second)
    assert (second.failures, third.failures, third.complete) == (2, 2, True)


@given(st.from_type(LastRun))
def test_what_was_printed_reads_back_equal(last: LastRun):
    assert read_last_run(print_last_run(last)) == last


@pytest.mark.parametrize("data", [b"", b"{}", b"\x00\x00", b'{"at":'])
def test_anything_else_is_unknown(data: bytes):
    assert read_last_run(data) is None


def test_each_says_which_file_and_what_to_do_next():
    problem = late(SegmentName(FIRST, 2))
    assert "20261120T10.0002.jsonl was sealed after the manifest" in problem.what
    assert "TIDEMARK_COLLECTOR" in problem.hint
    problem = spoiled("the manifest of 2026-11-20T10", ValueError("line 3 is torn"))
    assert "the manifest of 2026-11-20T10" in problem.what
    assert "line 3 is torn" in problem.what


def test_a_full_disk_needs_room_and_a_broken_one_a_look():
    full = disk_problem("file", OSError(ENOSPC, strerror(ENOSPC)))
    broken = disk_problem("file", OSError(EIO, strerror(EIO)))
    assert "no space is left" in full.what
    assert "Make room" in full.hint
    assert "Check the disk" in broken.hint
    assert ["an eighth" in each.hint for each in (full, broken)] == [True, False]


def test_a_report_begins_with_nothing_done():
    begun = Report()
    assert (begun.uploaded, begun.committed, begun.failed, begun.waiting, begun.deleted) == ([], [], [], 0, 0)
