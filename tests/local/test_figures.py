from datetime import timedelta

from tidemark.archive.manifest import Gap, Interval, Manifest, Segment
from tidemark.core.hour import Hour
from tidemark.local.figures import CollectorHour

TEN = Hour.parse("2026-11-20T10")
DIED = Gap("collection:*", TEN.start + timedelta(minutes=3), TEN.start + timedelta(minutes=9), "process_died")


def test_a_manifest_gives_a_collectors_figures() -> None:
    key = "events/date=2026-11-20/hour=10/collector=collector-a/20261120T10.0001.jsonl.zst"
    intervals = (Interval("collection:*", TEN.start, DIED.start), Interval("collection:*", DIED.end, TEN.end))
    manifest = Manifest(
        hour=TEN.key,
        collector="collector-a",
        segments=(Segment(key, records=12, bytes=900, compressed_bytes=90, sha256="00"),),
        event_types={"item_sold": 2, "item_listed": 10},
        covered=intervals,
        gaps=(DIED,),
        software="test",
        written_at=TEN.end,
    )
    figures = CollectorHour.of(manifest)
    assert figures == CollectorHour("collector-a", 12, 2, 1, 90, timedelta(minutes=54), (DIED,), intervals)
    assert not figures.repairs


def test_a_run_of_repairs_is_no_collector() -> None:
    manifest = Manifest(hour=TEN.key, collector="events-api-20261122", software="test", written_at=TEN.end)
    assert CollectorHour.of(manifest).repairs
