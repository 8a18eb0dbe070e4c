from collections import Counter

import msgspec
import pytest

from collector.status import Backlog, Snapshot, Status
from tests.collector.test_status import WELL
from tests.live.events import listing_line, sale_line
from tidemark.live.top import collections_of, picture
from tidemark.query.table import console

STATUS = Status(**WELL)
BEFORE = Snapshot(spool="/spool", pid=1, status=STATUS, backlog=Backlog(1, 2, 3_000_000, "2026-11-22T14"),
                  disk_free=50_000_000_000, last_entry="2026-11-22T15:00:00.000000Z")  # fmt: skip
NOW = msgspec.structs.replace(
    BEFORE, status=msgspec.structs.replace(STATUS, received={"item_sold": 13, "item_listed": 100}, lag=0.25)
)


def shown(before: Snapshot, now: Snapshot, collections: dict[str, int], width: int = 80) -> list[str]:
    paper = console(width)
    with paper.capture() as capture:
        paper.print(picture(before, now, 2.0, Counter(collections)))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_the_picture_has_rates_of_the_time_between_two_looks() -> None:
    assert shown(BEFORE, NOW, {"cats": 30, "dogs": 6}) == [
        "collector  collector-a  15:00:00 UTC  joined and writing",
        "lag        0.25 s  last message 1.5 s ago  1 of 1 topics joined",
        "gaps       connecting 0 s  dropped 0  since 2026-11-22T14:00:00",
        "disk       50.0 GB free  2 segments, 3.0 MB wait for upload",
        "",
        "type                        per second",
        "item_listed                       50.0  ████████████████████",
        "item_sold                          5.0  ██",
        "",
        "collection                  per second",
        "cats                              15.0  ████████████████████",
        "dogs                               3.0  ████",
    ]


def test_a_collector_that_was_restarted_counts_from_its_start() -> None:
    other = msgspec.structs.replace(BEFORE, status=msgspec.structs.replace(STATUS, pid=2, received={"item_sold": 999}))
    assert "item_sold                          6.5  ██" in "\n".join(shown(other, NOW, {}))


def test_without_a_collector_the_rest_is_shown() -> None:
    lines = shown(BEFORE, msgspec.structs.replace(BEFORE, pid=None, status=None), {})
    assert lines[0] == "collector  NOT RUNNING since 2026-11-22T15:00:00 UTC or later"
    assert "nothing came                         0" in lines


@pytest.mark.parametrize("width", [80, 100, 120])
def test_it_fits_the_terminal_and_sums_up_what_is_many(width: int) -> None:
    lines = shown(
        BEFORE, NOW, {f"a-collection-with-a-very-long-name-{n:02}\x1b[2J" * 3: 50 - n for n in range(30)}, width
    )
    assert max(map(len, lines)) <= width
    assert lines[-1].startswith("20 others")
    assert all("\x1b" not in line for line in lines)


def test_lines_are_counted_by_collection() -> None:
    counts = collections_of([sale_line(), sale_line(), listing_line(1), b"nonsense"])
    assert sorted(counts.values()) == [2, 2]
    assert counts[""] == 2
