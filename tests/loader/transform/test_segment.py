"""A segment has the same lines however it is cut into chunks, and every line is accounted for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loader.recording import Recording, fetched
from tests.loader.recording import sold as recorded_sale
from tests.loader.test_verified import described, packed
from tests.loader.transform.messages import line_of, places, put, sample, sold, values
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.transform.market import Market
from tidemark.loader.transform.outcome import Reason
from tidemark.loader.transform.sale import SoldAtSource
from tidemark.loader.transform.segment import read_segment
from tidemark.loader.verified import unpacked

START = datetime(2026, 11, 22, 15, tzinfo=UTC)
SALE, OFFER = sample("item_sold.2023.object-frame.json"), sample("trait_offer.2023.object-frame.json")
CUT = sample("item_listed.2022.docs-example-cut.json")
REFUSED = line_of(sold(transaction={"hash": "two words"}))
SEGMENT = [OFFER, SALE, OFFER, CUT, b"\n", SALE, b"not a record\n", REFUSED, OFFER]


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@given(st.integers(1, 5000) | st.just(10**6), st.booleans())
def test_every_line_is_accounted_for_under_its_number(size: int, ends_in_newline: bool) -> None:
    data = b"".join(SEGMENT)
    blocks = list(read_segment(cut(data if ends_in_newline else data[:-1], size), Market(START)))
    assert [block.first for block in blocks] == [1 + sum(b.lines for b in blocks[:n]) for n in range(len(blocks))]
    assert sum(block.lines for block in blocks) == len(SEGMENT)
    for block in blocks:
        assert block.lines == len(block.sales) + len(block.rejects) + block.others.total()
    assert [number for block in blocks for number, _ in block.sales] == [2, 6]
    assert [(number, line) for block in blocks for number, line, _ in block.rejects] == [
        (4, CUT[:-1]),
        (5, b""),
        (7, b"not a record"),
        (8, REFUSED[:-1]),
    ]
    assert sum((block.others for block in blocks), start=blocks[0].others.__class__()) == {"trait_offer": 3}


@given(st.integers(1, 5000), st.lists(st.integers(1, len(b"".join(SEGMENT)) + 10)).map(sorted), st.booleans())
def test_what_is_read_in_parts_is_what_is_read_at_once(size: int, cuts: list[int], ends_in_newline: bool) -> None:
    data = b"".join(SEGMENT)[: None if ends_in_newline else -1]
    segment = described(body := packed(data), data)
    parts = []
    for start, end in pairwise([0, *cuts, None]):
        chunks = b"".join(unpacked([body], segment, end))
        parts += read_segment(cut(chunks, size), Market(START), start=start)
    whole = list(read_segment([data], Market(START)))
    for found in ("sales", "rejects"):
        assert [each for part in parts for each in getattr(part, found)] == getattr(whole[0], found)
    assert sum(part.lines for part in parts) == whole[0].lines == len(SEGMENT)
    assert [part.first for part in parts] == [1 + sum(each.lines for each in parts[:n]) for n in range(len(parts))]


@given(st.sampled_from(places(sold())), values)
def test_whatever_a_line_holds_its_neighbours_are_read(path: tuple[str | int, ...], value: object) -> None:
    [block] = read_segment([SALE + line_of(put(sold(), path, value)) + SALE], Market(START))
    assert {1, 3} <= {number for number, _ in block.sales}
    assert block.lines == len(block.sales) + len(block.rejects) + block.others.total() == 3


def test_one_bad_line_does_not_touch_its_neighbours() -> None:
    [block] = read_segment([SALE + REFUSED + SALE], Market(START))
    assert [number for number, _ in block.sales] == [1, 3]
    [(number, line, reject)] = block.rejects
    assert (number, line, reject.reason) == (2, REFUSED[:-1], Reason.MALFORMED)


def test_a_sale_of_days_after_its_hour_is_refused() -> None:
    listed = Recording("events-api-1", Hour(START), topic="events-api")
    for day in (0, 1, 2):
        listed.receive(fetched(day, Hour(START + timedelta(days=day))), 90_000 * day)
    [block] = read_segment([b"".join(listed.segments[0])], Market(START))
    assert [number for number, _ in block.sales] == [1, 2]
    [(number, _, reject)] = block.rejects
    assert (number, reject.reason) == (3, Reason.OUT_OF_RANGE)
    assert "but received in the hour 2026-11-22 15:00:00+00:00" in reject.detail


LATEST = START + timedelta(hours=25)


@pytest.mark.parametrize(
    ("transaction", "event", "taken"),
    [
        (0, 0, (LATEST, SoldAtSource.TRANSACTION)),
        (1, 0, (LATEST, SoldAtSource.EVENT)),
        (1, -1, (LATEST - timedelta(seconds=1), SoldAtSource.EVENT)),
        (1, 1, None),
        (1, None, None),
    ],
)
def test_the_last_time_of_an_hour_is_a_day_after_its_end(
    transaction: int, event: int | None, taken: tuple[datetime, SoldAtSource] | None
) -> None:
    times = [
        None if each is None else format_timestamp(LATEST + timedelta(seconds=each)) for each in (transaction, event)
    ]
    stated: dict[str, Any] = {
        "transaction": {"hash": "0x1", "timestamp": times[0]}, "event_timestamp": times[1], "closing_date": None,
    }  # fmt: skip
    recording = Recording(hour=Hour(START)).receive(recorded_sale(1, **stated), 90_000)
    [block] = read_segment([b"".join(recording.segments[0])], Market(START))
    assert [(sale.sold_at, sale.sold_at_source) for _, sale in block.sales] == ([taken] if taken else [])
    assert [reject.reason for _, _, reject in block.rejects] == ([] if taken else [Reason.OUT_OF_RANGE])


def test_a_segment_without_bytes_has_no_blocks() -> None:
    assert list(read_segment([], Market(START))) == []
    assert list(read_segment([b"", b""], Market(START))) == []


@given(st.integers(1, 900_000), st.booleans())
def test_a_line_that_is_too_long_is_a_reject_of_which_the_beginning_is_kept(size: int, at_end: bool) -> None:
    long = OFFER.replace(b'"event_type"', b'"filler":"' + b"x" * 1_000_000 + b'","event_type"', 1)
    data = SALE + long + (b"" if at_end else SALE)
    blocks = list(read_segment(cut(data, size), Market(START), longest=900_000 - 1))
    assert sum(block.lines for block in blocks) == data.count(b"\n")
    rejects = [(number, line) for block in blocks for number, line, _ in block.rejects]
    assert [number for number, _ in rejects] == [2]
    assert rejects[0][1][:100] == long[:100]
    assert len(rejects[0][1]) < 1_000_000 + 200_000
