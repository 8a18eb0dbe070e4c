import hashlib
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
import zstandard

from tidemark.archive.manifest import Interval, Manifest, Segment, print_manifest
from tidemark.archive.names import ManifestKey, ObjectKey, SegmentName
from tidemark.archive.record import record_line
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.local.evidence.ledger import read
from tidemark.local.figures import Figures
from tidemark.local.findings import findings
from tidemark.local.s3 import S3Server
from tidemark.local.verdict import Verdict
from tidemark.simulator.disk import LedgerFiles
from tidemark.simulator.ledger import Sent, sold_line
from tidemark.simulator.recording import read_recorded

TEN = Hour.parse("2026-11-20T10")
AT = format_timestamp(TEN.start + timedelta(minutes=5))
REAL = Path(__file__).parents[1] / "fixtures" / "stream" / "item_sold.2023.object-frame.json"
MESSAGE = read_recorded(REAL.read_bytes().replace(b"\n", b" "))
pytestmark = pytest.mark.postgres


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The simulator sent one sale to both collectors."""
    with LedgerFiles(tmp_path / "ledger") as files:
        files.write(sold_line(MESSAGE, AT))
        for number, client in enumerate(("collector-a", "collector-b"), 1):
            files.write(Sent(AT, client, number, 1, MESSAGE.event_type, MESSAGE.digest, MESSAGE.sale))
    return tmp_path / "ledger"


def archive(server: S3Server, bucket: str, collector: str) -> None:
    text = record_line(AT, "collection:*", MESSAGE.body)
    packed, key = zstandard.compress(text), str(ObjectKey("", collector, SegmentName(TEN, 1)))
    manifest = Manifest(
        hour=TEN.key, collector=collector, event_types={"item_sold": 1}, software="test", written_at=TEN.end,
        segments=(Segment(key, 1, len(text), len(packed), hashlib.sha256(packed).hexdigest()),),
        covered=(Interval("collection:*", TEN.start, TEN.end),),
    )  # fmt: skip
    server.client().put_object(Bucket=bucket, Key=key, Body=packed)
    server.client().put_object(Bucket=bucket, Key=str(ManifestKey("", collector, TEN)), Body=print_manifest(manifest))


def found(ledger: Path, server: S3Server, bucket: str, url: str) -> tuple[Figures, Verdict]:
    return findings(
        [TEN], read(ledger), client=server.client(), bucket=bucket, warehouse_url=url, flight=timedelta(seconds=1)
    )


def test_the_witnesses_are_asked_and_agree_or_not(
    ledger: Path, s3_server: S3Server, bucket: str, warehouse_url: str
) -> None:
    archive(s3_server, bucket, "collector-a")
    archive(s3_server, bucket, "collector-b")
    load_hour(TEN, LoaderSettings(warehouse_url=warehouse_url, bucket=bucket), say=lambda _: None)

    figures, verdict = found(ledger, s3_server, bucket, warehouse_url)
    assert verdict == Verdict(received=1, in_warehouse=1, in_gaps=0)
    (hour,) = figures.hours
    assert (hour.sent, hour.sent_sales) == (1, 1)
    assert [(each.collector, each.records, each.sales) for each in hour.collectors] == [
        ("collector-a", 1, 1),
        ("collector-b", 1, 1),
    ]
    assert hour.loaded
    assert (hour.loaded.lines, hour.loaded.inserted, hour.loaded.duplicates) == (2, 1, 1)
    assert hour.quality
    assert [each.slug for each in figures.collections] == ["emblem-vault"]

    with closing(psycopg2.connect(warehouse_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM core.sale")
    assert found(ledger, s3_server, bucket, warehouse_url)[1].missing == (MESSAGE.sale,)


def test_a_collector_that_archived_nothing_has_to_explain_itself(
    ledger: Path, s3_server: S3Server, bucket: str, warehouse_url: str
) -> None:
    archive(s3_server, bucket, "collector-a")
    _, verdict = found(ledger, s3_server, bucket, warehouse_url)
    assert [collector for collector, _ in verdict.unexplained] == ["collector-b"]
    assert not verdict.yes
