"""An hour shared out to processes: each byte is read once, by shares of one size, and one failure ends them all."""

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loader.recording import HOUR
from tests.loader.warehouse.test_process import origin, pieces
from tidemark.archive.manifest import Segment
from tidemark.core.errors import Problem
from tidemark.loader.warehouse.file import File
from tidemark.loader.warehouse.reading import read_files, shares
from tidemark.loader.warehouse.rows import Origin, Rows

REPAIR = "events-api-20261122T160000Z"
OBJECTS = st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(["collector-a", "collector-b", REPAIR])))


def taken(file: File, found: Iterable[Rows]) -> None:
    for rows in found:
        file.count(rows)
    file.end_part()


@given(OBJECTS, st.integers(1, 5), st.integers(0, 100))
def test_every_byte_has_one_reader(objects: list[tuple[int, str]], processes: int, least: int) -> None:
    origins = [
        Origin(number, HOUR.start, collector, Segment(str(number), 1, size, 1, ""))
        for number, (size, collector) in enumerate(objects)
    ]
    given_out = shares(origins, processes, least)
    assert len(given_out) <= processes
    parts = [part for share in given_out for part in share]
    for number, group in groupby(parts, key=lambda part: part.number):
        places = [(part.start, part.end) for part in group]
        assert (places[0][0], places[-1][1]) == (0, None)
        assert [end for _, end in places[:-1]] == [start for start, _ in places[1:]]
        begins = [start for start, _ in places]
        assert len(places) == 1 or min(b - a for a, b in pairwise([*begins, objects[number][0]])) > least
        assert len(places) == 1 or objects[number][1] != REPAIR
    assert list(dict.fromkeys(part.number for part in parts)) == list(range(len(objects)))


def to_do(share: list[Origin]) -> list[float]:
    """What each part of a share costs, in bytes that are read: what is only unpacked counts a sixth."""
    return [(part.segment.bytes if part.end is None else part.end) - part.start + part.start / 6 for part in share]


@given(st.lists(st.integers(1, 1000), min_size=1), st.integers(1, 5))
def test_no_process_gets_more_than_its_share(sizes: list[int], processes: int) -> None:
    origins = [Origin(number, HOUR.start, "a", Segment("", 1, size, 1, "")) for number, size in enumerate(sizes)]
    most = sum(sizes) / processes + max(sizes) / 6 + processes
    for share in shares(origins, processes, 0):
        assert sum(to_do(share)) <= most


@pytest.mark.parametrize("processes", [2, 3, 5])
@pytest.mark.parametrize("objects", [1, 3])
def test_who_begins_in_the_midst_of_an_object_gets_less(objects: int, processes: int) -> None:
    origins = [Origin(number, HOUR.start, "a", Segment("", 1, 10**8 + number, 1, "")) for number in range(objects)]
    costs = [sum(to_do(share)) for share in shares(origins, processes, 0)]
    assert len(costs) == processes
    assert max(costs) < 1.01 * min(costs)


@pytest.mark.parametrize("objects", [1, 3])
def test_objects_that_are_cut_are_counted_as_when_they_are_read_at_once(objects: int) -> None:
    cut, whole = ([File(origin(number)) for number in range(1, objects + 1)] for _ in range(2))
    read_files(taken, cut, lambda _: pieces(), 0, cores=2)
    read_files(taken, whole, lambda _: pieces(), 1 << 40)
    for one, other in zip(cut, whole, strict=True):
        assert one.account == other.account
        assert (one.lines, one.observations, one.others) == (3000, other.observations, other.others)
        assert list(one.quarantine) == list(other.quarantine)
        assert len(list(one.quarantine)) == 100


def test_the_first_failure_ends_the_others() -> None:
    def packed(segment: Segment) -> Iterator[bytes]:
        if segment is broken.segment:
            raise Problem("the object is missing", "Find it")
        while True:
            yield from pieces()

    endless, broken = origin(1), origin(2)
    with pytest.raises(Problem, match="the object is missing"):
        read_files(taken, [File(endless), File(broken)], packed, 0, cores=2)
