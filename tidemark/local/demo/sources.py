"""What each source of a demo run reports: the simulator's ledger, the archive and the warehouse, read side by side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard
from msgspec import structs

from tidemark.archive.event_type import SALE
from tidemark.archive.manifest import Manifest, read_manifest
from tidemark.archive.names import manifest_folder
from tidemark.archive.record import read_record
from tidemark.core.hour import Hour
from tidemark.core.timestamps import parse_timestamp
from tidemark.local import warehouse
from tidemark.local.demo.reconciliation import CollectorRecord, Reconciliation, Sent, reconcile
from tidemark.local.figures import CollectorHour, Figures, HourFigures
from tidemark.simulator import ledger
from tidemark.simulator.ledger import read_ledger
from tidemark.simulator.message import SaleKey, digest_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TOP = 8


@dataclass(frozen=True)
class SentLedger:
    """The ledger of a simulator that has stopped.

    `sent` is by client; `messages` and `sales` count different messages and different sales by the hour in which they
    were first sent to any client.
    """

    sent: dict[str, list[Sent]]
    sold: frozenset[SaleKey]
    messages: Counter[Hour]
    sales: Counter[Hour]


def read_sent(folder: Path) -> SentLedger:
    """Read the ledger in a folder. Raises ValueError for a line that cannot be read, as while the simulator writes."""
    sent: dict[str, list[Sent]] = {}
    first: dict[tuple[str, str], Hour] = {}
    for line in read_ledger(folder, ledger.Sent):
        at = parse_timestamp(line.at)
        sent.setdefault(line.client, []).append(Sent(at, line.digest, line.sale and canonical(line.sale)))
        first.setdefault((line.event_type, line.digest), Hour.of(at))
    return SentLedger(
        sent=sent,
        sold=frozenset(canonical(line.sale) for line in read_ledger(folder, ledger.Sold)),
        messages=Counter(first.values()),
        sales=Counter(hour for (event_type, _), hour in first.items() if event_type == SALE),
    )


def canonical(sale: SaleKey) -> SaleKey:
    """Return a sale as the warehouse names it: the Stream API says matic where the Events API says polygon."""
    return structs.replace(sale, chain="polygon") if sale.chain == "matic" else sale


def compare_sources(
    hours: Sequence[Hour], sent: SentLedger, *, client: "S3Client", bucket: str, warehouse_url: str, flight: timedelta
) -> tuple[Figures, Reconciliation]:
    """Return the figures of these hours and the reconciliation of all sources.

    `flight` is how long a message may be on its way, by the clock of the ledger.
    """
    found = manifests(client, bucket, hours)
    loads, qualities = warehouse.loads(warehouse_url), warehouse.qualities(warehouse_url)
    figures = Figures(
        [
            HourFigures(
                hour=hour,
                sent=sent.messages[hour],
                sent_sales=sent.sales[hour],
                collectors=tuple(map(CollectorHour.of, found[hour])),
                loaded=loads.get(hour),
                quality=qualities.get(hour),
            )
            for hour in hours
        ],
        warehouse.top_collections(warehouse_url, hours, _TOP),
    )
    records = _collector_records(sent, found, client, bucket)
    sales = warehouse.sales(warehouse_url, hours)
    return figures, reconcile(records, sent.sold, sales, until=hours[-1].end, flight=flight)


def _collector_records(
    ledger: SentLedger, found: Mapping[Hour, Sequence[Manifest]], client: "S3Client", bucket: str
) -> list[CollectorRecord]:
    records = []
    for collector, sent in ledger.sent.items():
        own = [each for of_hour in found.values() for each in of_hour if each.collector == collector]
        archived = sum((digests(client, bucket, manifest) for manifest in own), start=Counter[str]())
        gaps = [gap for manifest in own for gap in manifest.gaps]
        records.append(CollectorRecord(collector, sent, archived, gaps))
    return records


def manifests(client: "S3Client", bucket: str, hours: Sequence[Hour]) -> dict[Hour, list[Manifest]]:
    """Return the manifests of each hour, in order of collector."""
    found = {}
    for hour in hours:
        listed = client.list_objects_v2(Bucket=bucket, Prefix=manifest_folder("", hour)).get("Contents", [])
        found[hour] = [read_manifest(_body(client, bucket, each["Key"])) for each in listed]
    return found


def digests(client: "S3Client", bucket: str, manifest: Manifest) -> Counter[str]:
    """Return how often each message is in the objects of a manifest, by the simulator's digest."""
    return Counter(
        _digest(line)
        for segment in manifest.segments
        for line in zstandard.decompress(_body(client, bucket, segment.key)).splitlines()
    )


def _digest(line: bytes) -> str:
    record = read_record(line)
    return digest_of(bytes(record.message) or (record.unparsed or "").encode())


def _body(client: "S3Client", bucket: str, key: str) -> bytes:
    return client.get_object(Bucket=bucket, Key=key)["Body"].read()
