"""A repair's objects are those of a collector: the same names, the same lines, the same manifest."""

from datetime import UTC, datetime, timedelta

import zstandard

from tests.loader.transform.messages import FIXTURES
from tidemark.archive.manifest import Interval, read_manifest
from tidemark.archive.names import ManifestKey, ObjectKey, SegmentName, checked_collector
from tidemark.core.hour import Hour
from tidemark.loader.repair.objects import Line, hour_objects, run_name
from tidemark.loader.repair.page import Event
from tidemark.loader.transform.outcome import Reject
from tidemark.loader.transform.read import read_line
from tidemark.loader.transform.sale import Sale, Source

HOUR = Hour.parse("2026-11-22T15")
NOW = datetime(2026, 11, 22, 17, 0, 1, tzinfo=UTC)
RUN = run_name(NOW, "00ff")
KEY = ManifestKey("tidemark/", RUN, HOUR)
COVERED = [Interval("collection:*", HOUR.start, HOUR.end)]
EVENTS = (FIXTURES / "events_api/sales.2025.jsonl").read_bytes().splitlines()


def line(event: bytes, at: datetime = NOW, *, readable: bool = True) -> Line:
    return Line.of(Event(event, "sale", 5, readable), at)


def test_what_is_no_sale_is_a_line_that_the_loader_sets_aside() -> None:
    damaged = [line(b"null"), line(b'{"event_type":"sale"}'), line(b'{"event_type":\xff\n', readable=False)]
    assert [each.is_sale for each in [line(EVENTS[0]), *damaged]] == [True, False, False, False]
    assert [isinstance(read_line(each.record), Reject) for each in damaged] == [True, True, True]
    manifest = read_manifest(hour_objects(KEY, damaged, [], software="1.0", now=NOW)[str(KEY)])
    assert manifest.event_types == {"item_sold": 2, "unparsed": 1}


def test_a_run_has_a_collectors_name() -> None:
    assert checked_collector(RUN) == "events-api-20261122t170001000000-00ff"


def test_a_line_is_a_record_that_reads_as_a_sale() -> None:
    sale = read_line(line(EVENTS[0].replace(b",", b",\n")).record)
    assert isinstance(sale, Sale)
    assert (sale.source, sale.received_at, sale.sent_at) == (Source.EVENTS_API, NOW, NOW)


def test_the_manifest_comes_last_and_describes_the_segment() -> None:
    sales = [line(event, NOW + timedelta(seconds=number)) for number, event in enumerate(EVENTS)]
    objects = hour_objects(KEY, sales, COVERED, software="1.0", now=NOW)
    segment_key = str(ObjectKey("tidemark/", RUN, SegmentName(HOUR, 1)))
    assert list(objects) == [segment_key, str(KEY)]
    manifest = read_manifest(objects[str(KEY)])
    lines = zstandard.ZstdDecompressor().decompress(objects[segment_key])
    [segment] = manifest.segments
    assert (segment.records, segment.bytes) == (len(EVENTS), len(lines))
    assert segment.compressed_bytes == len(objects[segment_key])
    assert (manifest.sales, manifest.covered) == (len(EVENTS), tuple(COVERED))
    assert (manifest.first_received_at, manifest.last_received_at) == (NOW, NOW + timedelta(seconds=len(EVENTS) - 1))


def test_a_window_without_sales_is_covered_all_the_same() -> None:
    objects = hour_objects(KEY, [], COVERED, software="1.0", now=NOW)
    manifest = read_manifest(objects[str(KEY)])
    assert len(objects) == 1
    assert (manifest.records, manifest.covered, manifest.first_received_at) == (0, tuple(COVERED), None)
