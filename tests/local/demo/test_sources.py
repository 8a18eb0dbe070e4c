import hashlib
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
import zstandard

from tidemark.archive.manifest import Interval, Manifest, Segment, print_manifest
from tidemark.archive.names import ManifestKey, ObjectKey, SegmentName
from tidemark.archive.record import record_line, unparsed_line
from tidemark.archive.tally import Tally
from tidemark.archive.topic_counts import TopicCounts
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.local.demo.reconciliation import Reconciliation
from tidemark.local.demo.sources import canonical, compare_sources, digests, manifests, read_sent
from tidemark.local.figures import Figures
from tidemark.local.services.s3 import S3Server
from tidemark.simulator.ledger import LedgerFiles, Sent, Sold, sold_line
from tidemark.simulator.message import SaleKey, digest_of
from tidemark.simulator.recording import read_recorded

TEN = Hour.parse("2026-11-20T10")
AT = format_timestamp(TEN.start + timedelta(minutes=5))
REAL = Path(__file__).parents[2] / "fixtures" / "stream" / "item_sold.2023.object-frame.json"
MESSAGE = read_recorded(REAL.read_bytes().replace(b"\n", b" "))


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
        hour=TEN.key, collector=collector, software="test", written_at=TEN.end,
        event_types={"item_sold": 1}, topics={"collection:*": TopicCounts((5,), (1,), (1,))},
        segments=(Segment(key, 1, len(text), len(packed), hashlib.sha256(packed).hexdigest()),),
        covered=(Interval("collection:*", TEN.start, TEN.end),),
    )  # fmt: skip
    server.client().put_object(Bucket=bucket, Key=key, Body=packed)
    server.client().put_object(Bucket=bucket, Key=str(ManifestKey("", collector, TEN)), Body=print_manifest(manifest))


def found(ledger: Path, server: S3Server, bucket: str, url: str) -> tuple[Figures, Reconciliation]:
    return compare_sources(
        [TEN], read_sent(ledger), client=server.client(), bucket=bucket, warehouse_url=url, flight=timedelta(seconds=1)
    )


@pytest.mark.postgres
def test_the_sources_are_compared(ledger: Path, s3_server: S3Server, bucket: str, warehouse_url: str) -> None:
    archive(s3_server, bucket, "collector-a")
    archive(s3_server, bucket, "collector-b")
    load_hour(TEN, LoaderSettings(warehouse_url=warehouse_url, bucket=bucket), log=lambda _: None)

    figures, result = found(ledger, s3_server, bucket, warehouse_url)
    assert result == Reconciliation(received=1, in_warehouse=1, in_gaps=0)
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


@pytest.mark.postgres
def test_messages_of_a_collector_that_archived_nothing_are_unexplained(
    ledger: Path, s3_server: S3Server, bucket: str, warehouse_url: str
) -> None:
    archive(s3_server, bucket, "collector-a")
    _, result = found(ledger, s3_server, bucket, warehouse_url)
    assert [collector for collector, _ in result.unexplained] == ["collector-b"]
    assert not result.matches


LISTED = b'{"event_type":"item_listed","payload":{}}'


def put(server: S3Server, bucket: str, collector: str, *segments: bytes) -> None:
    client = server.client()
    listed, tally = [], Tally()
    for number, text in enumerate(segments, 1):
        key, packed = str(ObjectKey("", collector, SegmentName(TEN, number))), zstandard.compress(text)
        client.put_object(Bucket=bucket, Key=key, Body=packed)
        lines = text.count(b"\n")
        tally.add(text.splitlines(keepends=True))
        listed.append(Segment(key, lines, len(text), len(packed), hashlib.sha256(packed).hexdigest()))
    manifest = Manifest(
        hour=TEN.key, collector=collector, segments=tuple(listed), software="test", written_at=TEN.end,
        event_types=dict(tally.event_types), topics=tally.topics,
    )  # fmt: skip
    client.put_object(Bucket=bucket, Key=str(ManifestKey("", collector, TEN)), Body=print_manifest(manifest))


def test_each_hour_has_its_manifests_of_the_archive(s3_server: S3Server, bucket: str) -> None:
    put(s3_server, bucket, "collector-b")
    put(s3_server, bucket, "collector-a")
    found = manifests(s3_server.client(), bucket, [TEN, TEN.next()])
    assert [each.collector for each in found[TEN]] == ["collector-a", "collector-b"]
    assert found[TEN.next()] == []


def test_every_message_of_every_segment_is_counted_by_its_exact_bytes(s3_server: S3Server, bucket: str) -> None:
    line = record_line(AT, "collection:*", LISTED)
    put(s3_server, bucket, "collector-a", line * 2, line + unparsed_line(AT, b"garbage"))
    (manifest,) = manifests(s3_server.client(), bucket, [TEN])[TEN]
    found = digests(s3_server.client(), bucket, manifest)
    assert found == Counter({digest_of(LISTED): 3, digest_of(b"garbage"): 1})


SALE = SaleKey("matic", "0x1", "0xc0", "7", "")


def sent(client: str, minutes: float, digest: str, sale: SaleKey | None = None) -> Sent:
    at = format_timestamp(TEN.start + timedelta(minutes=minutes))
    return Sent(at, client, 1, 1, "item_sold" if sale else "item_listed", digest, sale)


def test_a_ledger_is_summed_up_by_client_and_by_hour(tmp_path: Path) -> None:
    with LedgerFiles(tmp_path) as files:
        for entry in (
            sent("a", 1, "d1", SALE), sent("b", 1, "d1", SALE), sent("a", 2, "d2"),
            sent("b", 61, "d2"), sent("b", 62, "d3", SALE), Sold(format_timestamp(TEN.start), "tugboats", SALE),
        ):  # fmt: skip
            files.write(entry)
    ledger = read_sent(tmp_path)
    assert {client: [each.digest for each in sent] for client, sent in ledger.sent.items()} == {
        "a": ["d1", "d2"],
        "b": ["d1", "d2", "d3"],
    }
    assert ledger.messages == Counter({TEN: 2, TEN.next(): 1})
    assert ledger.sales == Counter({TEN: 1, TEN.next(): 1})
    assert ledger.sold == {canonical(SALE)}
    assert ledger.sent["a"][0].sale == canonical(SALE)


def test_polygon_has_one_name() -> None:
    assert canonical(SALE).chain == "polygon"
    assert canonical(SaleKey("base", "0x1", "0xc0", "7", "")).chain == "base"


def test_a_torn_ledger_is_refused(tmp_path: Path) -> None:
    with LedgerFiles(tmp_path) as files:
        files.write(sent("a", 1, "d1"))
    with (tmp_path / "sent.jsonl").open("ab") as file:
        file.write(b'{"at":"2026-')
    with pytest.raises(ValueError, match="truncated"):
        read_sent(tmp_path)
