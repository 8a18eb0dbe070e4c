from datetime import UTC, datetime, timedelta

import pytest

from collector.upload.commit import coverage_in, manifest_of
from collector.upload.packing import PackedSegment
from tidemark.archive.coverage import Coverage
from tidemark.archive.ledger import Alive, Began, Joined, Started, Stopped, print_entry
from tidemark.archive.manifest import Gap, Interval, Manifest, print_manifest, read_manifest
from tidemark.archive.names import SegmentName
from tidemark.archive.topic_counts import TopicCounts
from tidemark.core.hour import Hour
from tidemark.core.timestamps import parse_timestamp

TEN = Hour.parse("2026-11-20T10")
TOPIC = "collection:*"
NOTHING = Coverage()
WRITTEN = datetime(2026, 11, 20, 11, 5, tzinfo=UTC)


def packed(records: int, first: str | None, last: str | None, **types: int) -> PackedSegment:
    minute = int(first[:2]) if first else 0
    return PackedSegment(
        records=records,
        bytes=100 * records,
        compressed_bytes=10 * records,
        sha256="ab" * 32,
        event_types=types,
        topics={TOPIC: TopicCounts((minute,), (records,), (types.get("item_sold", 0),))},
        first_received_at=parse_timestamp(f"2026-11-20T10:{first}Z") if first else None,
        last_received_at=parse_timestamp(f"2026-11-20T10:{last}Z") if last else None,
    )


def summed(coverage: Coverage = NOTHING, **segments: PackedSegment) -> Manifest:
    named = {SegmentName(TEN, int(number[1:])): segment for number, segment in segments.items()}
    return manifest_of(TEN, named, coverage, collector="a", prefix="tide/", software="tidemark 1", written_at=WRITTEN)


def test_sums_up_the_segments_in_their_order():
    manifest = summed(
        _2=packed(3, "20:00", "30:00", item_sold=1, item_listed=2), _1=packed(2, "00:01", "19:00", item_sold=2)
    )
    assert [segment.key.rpartition("/")[2] for segment in manifest.segments] == [
        "20261120T10.0001.jsonl.zst",
        "20261120T10.0002.jsonl.zst",
    ]
    assert manifest.segments[0].key.startswith("tide/events/date=2026-11-20/hour=10/collector=a/")
    assert manifest.event_types == {"item_sold": 3, "item_listed": 2}
    assert manifest.topics == {TOPIC: TopicCounts((0, 20), (2, 3), (2, 1))}
    assert manifest.records == 5
    assert manifest.first_received_at == datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC)
    assert manifest.last_received_at == datetime(2026, 11, 20, 10, 30, tzinfo=UTC)


def test_a_segment_without_a_readable_moment_leaves_those_of_the_others():
    manifest = summed(_1=packed(1, None, None, unparsed=1), _2=packed(1, "05:00", "05:00", item_sold=1))
    assert manifest.first_received_at == manifest.last_received_at == datetime(2026, 11, 20, 10, 5, tzinfo=UTC)


def test_a_topic_that_was_not_expected_is_counted_as_other():
    coverage = Coverage((Interval("collection:cats", TEN.start, TEN.end),))
    manifest = read_manifest(print_manifest(summed(coverage, _1=packed(2, "05:00", "05:00", item_sold=2))))
    assert manifest.topics == {"other": TopicCounts((5,), (2,), (2,))}


def test_an_empty_hour_has_a_manifest_that_reads_back():
    coverage = Coverage((Interval(TOPIC, TEN.start, TEN.end),))
    manifest = read_manifest(print_manifest(summed(coverage)))
    assert (manifest.records, manifest.first_received_at, manifest.covered) == (0, None, coverage.covered)


def test_coverage_is_folded_from_the_ledger():
    start = TEN.start
    alive = start + timedelta(minutes=59)
    entries = (
        Began(start, None, {}),
        Started(start, "r", (TOPIC,), "tidemark"),
        Joined(start, 1, TOPIC),
        Alive(alive, 1),
        Stopped(alive),
    )
    coverage = coverage_in(TEN, b"".join(map(print_entry, entries)), None)
    assert coverage.covered == (Interval(TOPIC, start, alive),)
    assert coverage.gaps == (Gap(TOPIC, alive, TEN.end, "not_running"),)


@pytest.mark.parametrize("died", [True, False])
def test_an_hour_without_a_ledger_lacks_what_was_expected_when_the_one_before_ended(died: bool):
    before = TEN.previous()
    until_the_end = Gap(TOPIC, before.start, before.end, "process_died") if died else None
    earlier = Gap("collection:given-up", before.start, before.start + timedelta(minutes=1), "connecting")
    coverage = Coverage(
        covered=() if died else (Interval(TOPIC, before.start, before.end),),
        gaps=(earlier, until_the_end) if until_the_end else (earlier,),
    )
    previous = manifest_of(before, {}, coverage, collector="a", prefix="", software="t", written_at=WRITTEN)
    found = coverage_in(TEN, None, previous)
    assert found.covered == ()
    assert found.gaps == (Gap(TOPIC, TEN.start, TEN.end, "not_running"),)
    then = manifest_of(TEN, {}, found, collector="a", prefix="", software="t", written_at=WRITTEN)
    assert coverage_in(TEN.next(), None, then).gaps == (Gap(TOPIC, TEN.end, TEN.next().end, "not_running"),)


def test_with_nothing_known_nothing_is_expected():
    assert coverage_in(TEN, None, None) == NOTHING


def test_a_spoiled_ledger_is_a_value_error():
    with pytest.raises(ValueError, match=r".+"):
        coverage_in(TEN, b'{"entry":"nonsense"}\n', None)
