"""Summing an hour up in its manifest; pure."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from collector.upload.packing import PackedSegment
from tidemark.archive.coverage import Coverage, coverage_of
from tidemark.archive.ledger import Began, read_ledger
from tidemark.archive.manifest import Gap, Interval, Manifest, Segment
from tidemark.archive.names import ObjectKey, SegmentName
from tidemark.archive.reasons import Reason
from tidemark.archive.topic_counts import add_up
from tidemark.core.hour import Hour


def manifest_of(
    hour: Hour,
    segments: Mapping[SegmentName, PackedSegment],
    coverage: Coverage,
    *,
    collector: str,
    prefix: str,
    software: str,
    written_at: datetime,
) -> Manifest:
    """Return the manifest of an hour from the records of its segments and its coverage.

    Topics that the ledger never expected are counted as `other`; where there is no ledger, each under its own name.
    """
    packed = [segments[name] for name in sorted(segments)]
    event_types: Counter[str] = Counter()
    for segment in packed:
        event_types.update(segment.event_types)
    expected = {interval.topic for interval in coverage.covered} | {gap.topic for gap in coverage.gaps}
    return Manifest(
        hour=hour.key,
        collector=collector,
        segments=tuple(
            Segment(
                key=str(ObjectKey(prefix, collector, name)),
                records=segments[name].records,
                bytes=segments[name].bytes,
                compressed_bytes=segments[name].compressed_bytes,
                sha256=segments[name].sha256,
            )
            for name in sorted(segments)
        ),
        event_types=dict(event_types),
        topics=add_up((each.topics for each in packed), expected),
        first_received_at=min((each.first_received_at for each in packed if each.first_received_at), default=None),
        last_received_at=max((each.last_received_at for each in packed if each.last_received_at), default=None),
        covered=coverage.covered,
        gaps=coverage.gaps,
        software=software,
        written_at=written_at,
    )


def coverage_in(hour: Hour, ledger: bytes | None, previous: Manifest | None) -> Coverage:
    """Return an hour's coverage from its ledger; without one, or with an empty one, no collector ran.

    What should have been covered then is what the manifest of the hour before expected at its end.
    Raises ValueError where a line of the ledger is no entry.
    """
    if ledger:
        return coverage_of(read_ledger(ledger), hour)
    spans: tuple[Interval | Gap, ...] = (*previous.covered, *previous.gaps) if previous else ()
    expected: dict[str, str] = {span.topic: Reason.NOT_RUNNING for span in spans if span.end == hour.start}
    return coverage_of([Began(at=hour.start, run=None, expected=expected)], hour)
