"""Following a spool that the collector's own code writes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.spool.disk import SEALED, Disk
from collector.spool.segments import Segments
from tests.live.events import listing_line, numbers
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.live.spool import Position, SpoolTail

HOUR = Hour.parse("2026-11-22T15")


class Writer:
    """The collector's segments, and the numbers that were written."""

    def __init__(self, root: Path, largest: int = 1 << 20) -> None:
        self.disk = Disk(root)
        self.disk.prepare()
        self.segments = Segments(self.disk, largest)
        self.hour = HOUR
        self.written: list[int] = []

    def write(self, count: int = 1) -> None:
        new = range(len(self.written), len(self.written) + count)
        self.written += new
        self.segments.write(self.hour, b"".join(map(listing_line, new)), retry=False)

    def rotate(self) -> None:
        self.segments.seal()
        self.hour = self.hour.next()


def read(follower: SpoolTail) -> list[int]:
    return [number for part in follower.read() for number in numbers(part)]


def test_what_comes_after_the_start_is_read_once_and_in_order(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.write(3)
    follower = SpoolTail.open(tmp_path)
    assert read(follower) == []
    writer.write(2)
    assert read(follower) == [3, 4]
    writer.write()
    writer.rotate()
    writer.write()
    assert read(follower) == [5, 6]
    assert follower.missing == []


def test_a_line_that_is_not_finished_waits(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.write()
    follower = SpoolTail.open(tmp_path, Position())
    line = listing_line(1)
    with (tmp_path / "open" / "20261122T15.0001.jsonl").open("ab") as file:
        file.write(line[:20])
        file.flush()
        assert read(follower) == [0]
        assert SpoolTail.open(tmp_path).position == follower.position
        file.write(line[20:])
    assert read(follower) == [1]


def test_a_follower_that_was_away_reads_sealed_segments_and_names_those_that_are_gone(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.write(2)
    place = SpoolTail.open(tmp_path).position
    for _ in range(2):
        writer.write(2)
        writer.rotate()
    writer.write(1)
    assert read(SpoolTail.open(tmp_path, place)) == [2, 3, 4, 5, 6]
    (tmp_path / SEALED / place.segment).unlink()
    follower = SpoolTail.open(tmp_path, place)
    assert read(follower) == [4, 5, 6]
    assert follower.missing == [place.segment]


def test_it_can_begin_some_lines_before_the_end(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.write(10)
    follower = SpoolTail.open(tmp_path)
    follower.position = follower.back(3 * len(listing_line(9)) - 1)
    assert read(follower) == [8, 9]
    follower.position = follower.back(1 << 20)
    assert read(follower) == list(range(10))


def test_it_can_begin_in_an_earlier_segment(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    for _ in range(3):
        writer.write(3)
        writer.rotate()
    follower = SpoolTail.open(tmp_path)
    end = follower.position
    for lines in range(1, 10):
        follower.position = end
        follower.position = follower.back(lines * len(listing_line(9)) + 1)
        assert read(follower) == list(range(9 - lines, 9))
    follower.position = end
    assert follower.back(1 << 20) == follower.first()


def test_an_empty_spool_is_followed_from_its_first_segment(tmp_path: Path) -> None:
    Disk(tmp_path).prepare()
    follower = SpoolTail.open(tmp_path)
    assert read(follower) == []
    Writer(tmp_path).write(2)
    assert read(follower) == [0, 1]


def test_without_a_spool_there_is_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="there is no spool at"):
        SpoolTail.open(tmp_path / "none")


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["write", "many", "rotate", "read", "restart"]), max_size=30))
def test_every_line_is_read_exactly_once_however_writing_and_reading_interleave(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    root = tmp_path_factory.mktemp("spool")
    writer, found = Writer(root, largest=600), []
    follower = SpoolTail.open(root, Position())
    for step in steps:
        if step in ("write", "many"):
            writer.write(1 if step == "write" else 9)
        elif step == "rotate":
            writer.rotate()
        elif step == "restart":
            follower = SpoolTail.open(root, follower.position)
        else:
            found += read(follower)
    found += read(follower)
    assert found == writer.written


def test_lines_written_between_the_last_read_and_the_next_segment_are_not_lost(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.write()
    follower = SpoolTail.open(tmp_path, Position())
    reading = follower.read()
    assert numbers(next(reading)) == [0]
    writer.write()  # the reader is in the middle of a round
    writer.rotate()
    writer.write()
    assert [number for part in reading for number in numbers(part)] == [1, 2]
