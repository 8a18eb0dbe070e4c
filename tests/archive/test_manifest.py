"""The manifest: one collector's hour."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.archive.manifest import FORMAT, Gap, Interval, Manifest, Segment, print_manifest, read_manifest
from tidemark.archive.names import ObjectKey, SegmentName
from tidemark.archive.topic_counts import MinuteCounts, TopicCounts
from tidemark.core.hour import Hour

HOUR = Hour.parse("2026-11-22T15")
moments = st.integers(0, 3_600_000_000).map(lambda us: HOUR.start + timedelta(microseconds=us))
names = st.integers(1, 9999).map(lambda number: str(ObjectKey("p/", "collector-a", SegmentName(HOUR, number))))
counts = st.integers(0, 2**53)
segments = st.lists(
    st.builds(Segment, names, counts, counts, counts, st.binary(min_size=32, max_size=32).map(bytes.hex))
)
spans = st.lists(st.builds(Interval, st.text(), moments, moments)).map(tuple)
holes = st.lists(st.builds(Gap, st.text(), moments, moments, st.text())).map(tuple)


@st.composite
def shares(draw: st.DrawFn, total: int) -> dict[str, TopicCounts]:
    """Spread this number of sales over topics and minutes."""
    counts: dict[str, MinuteCounts] = {}
    while total:
        share = draw(st.integers(1, total) | st.just(total))
        counted = counts.setdefault(draw(st.sampled_from(["collection:*", "collection:cats", "other"])), MinuteCounts())
        minute = draw(st.integers(0, 59))
        counted.messages[minute] += share
        counted.sales[minute] += share
        total -= share
    return {topic: counted.counts() for topic, counted in counts.items()}


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    listed = tuple(draw(segments))
    records = sum(segment.records for segment in listed)
    return Manifest(
        hour=HOUR.key,
        collector="collector-a",
        segments=listed,
        event_types={"item_sold": records},
        topics=draw(shares(records)),
        first_received_at=draw(st.none() | moments),
        last_received_at=draw(st.none() | moments),
        covered=draw(spans),
        gaps=draw(holes),
        software=draw(st.text()),
        written_at=draw(moments),
    )


@given(manifests())
def test_what_is_printed_is_read_back(manifest: Manifest) -> None:
    printed = print_manifest(manifest)
    assert read_manifest(printed) == manifest
    assert print_manifest(read_manifest(printed)) == printed
    assert manifest.sales == manifest.records


@given(st.binary())
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_manifest(data)


def changed(**changes: Any) -> bytes:
    key = str(ObjectKey("", "collector-a", SegmentName(HOUR, 1)))
    whole = Manifest(
        hour=HOUR.key,
        collector="collector-a",
        segments=(Segment(key, 2, 9, 5, "0" * 64),),
        event_types={"item_sold": 2},
        topics={"collection:*": TopicCounts((0, 59), (1, 1), (1, 1))},
        software="tidemark",
        written_at=datetime(2026, 11, 22, 16, tzinfo=UTC),
    )
    return print_manifest(msgspec.structs.replace(whole, **changes))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format": FORMAT + 1}, "update Tidemark"),
        ({"hour": "2026-11-22T16"}, "is not of"),
        ({"collector": "collector-b"}, "is not of"),
        ({"collector": "../x"}, "not a collector id"),
        ({"hour": "now"}, "not an hour"),
        ({"event_types": {"item_sold": 1}}, "add up to 1"),
        ({"event_types": {"item_sold": 1, "item_listed": 1}}, "2 messages and 2 sales, event types to 2 and 1"),
        ({"topics": {}}, "topics add up to 0 messages"),
        ({"topics": {"collection:*": TopicCounts((0,), (3,), (2,))}}, "topics add up to 3 messages"),
        ({"topics": {"collection:*": TopicCounts((60,), (2,), (2,))}}, "not counts of the minutes of an hour"),
        ({"topics": {"collection:*": TopicCounts((3, 1), (1, 1), (1, 1))}}, "not counts"),
        ({"topics": {"collection:*": TopicCounts((3, 3), (1, 1), (1, 1))}}, "not counts"),
        ({"topics": {"collection:*": TopicCounts((-1,), (2,), (2,))}}, "not counts"),
        ({"topics": {"collection:*": TopicCounts((0,), (2, 0), (2,))}}, "not counts"),
        ({"topics": {"collection:*": TopicCounts((0, 1), (2, 0), (2, 0))}}, "not counts"),
        ({"topics": {"collection:*": TopicCounts((0,), (2,), (3,))}}, "not counts"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(changes: dict[str, Any], complaint: str) -> None:
    assert read_manifest(changed()).records == 2
    with pytest.raises(ValueError, match=complaint):
        read_manifest(changed(**changes))


def test_a_manifest_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        read_manifest(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def test_the_format_and_the_sales_of_an_hour_without_any() -> None:
    manifest = Manifest(hour=HOUR.key, collector="a", software="test", written_at=HOUR.end)
    assert manifest.sales == 0
    assert b'"format":2,' in print_manifest(manifest)  # older readers refuse another one: change it on purpose only
