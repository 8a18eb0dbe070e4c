"""Looking back in a spool that the collector's own code writes."""

from pathlib import Path

import pytest

from tests.live.events import listing_line, sale_line
from tests.live.test_spool import Writer, read
from tidemark.live.earlier import earlier
from tidemark.live.market import Filter
from tidemark.live.spool import SpoolTail

SALES = Filter(types=frozenset({"item_sold"}))
LINE = len(listing_line(9))


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path)


def sell(writer: Writer, name: str) -> None:
    writer.segments.write(writer.hour, sale_line(name=name), retry=False)


def test_events_of_sealed_segments_are_found_when_the_open_one_is_new(writer: Writer, tmp_path: Path) -> None:
    for name in ("Cat 1", "Cat 2"):
        sell(writer, name)
        writer.rotate()
    writer.write(3)
    follower = SpoolTail.open(tmp_path)
    found = earlier(follower, SALES, 5, 0.0)
    assert ([event.nft for event in found.events], found.searched) == (["Cat 1", "Cat 2"], None)
    writer.write()
    assert read(follower) == [3]


def test_it_looks_ever_farther_until_enough_fits(writer: Writer, tmp_path: Path) -> None:
    for name in ("Cat 1", "Cat 2", "Cat 3"):
        sell(writer, name)
        writer.write(9)
    found = earlier(SpoolTail.open(tmp_path), SALES, 2, 0.0, near=LINE)
    assert [event.nft for event in found.events] == ["Cat 2", "Cat 3"]


def test_it_says_how_far_it_looked_where_that_is_not_all(writer: Writer, tmp_path: Path) -> None:
    sell(writer, "Cat 1")
    writer.write(100)
    found = earlier(SpoolTail.open(tmp_path), SALES, 1, 0.0, near=LINE, far=50 * LINE)
    assert (list(found.events), found.searched) == ([], 50 * LINE)


def test_no_more_events_than_wanted_and_the_last(writer: Writer, tmp_path: Path) -> None:
    writer.write(9)
    for most in (0, 4):
        assert len(earlier(SpoolTail.open(tmp_path), Filter(), most, 0.0).events) == most
