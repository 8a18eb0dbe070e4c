from errno import EIO, ENOSPC
from os import strerror

from collector.upload.problem import disk_problem, late, spoiled
from tests.collector.upload.spooled import FIRST
from tidemark.archive.names import SegmentName


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
