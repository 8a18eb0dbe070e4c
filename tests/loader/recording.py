"""Small archives as collectors would have left them: messages received in an hour, put as segments and a manifest."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import zstandard

from tidemark.archive.manifest import Gap, Interval, Manifest, Segment, print_manifest
from tidemark.archive.names import ManifestKey, ObjectKey, SegmentName
from tidemark.archive.record import record_line
from tidemark.archive.tally import Tally
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOUR = Hour.parse("2026-11-22T15")
TOPIC = "collection:*"
SELLER, BUYER = "0x" + "a1" * 20, "0x" + "b2" * 20


def sold(number: int, hour: Hour = HOUR, *, sent: float | None = None, **changes: Any) -> dict[str, Any]:
    """The message of a sale; every `number` is another sale. `sent` is in seconds after the hour's start."""
    moment = hour.start + timedelta(seconds=number % 3000)
    sent_at = moment + timedelta(seconds=2) if sent is None else hour.start + timedelta(seconds=sent)
    payload = {
        "chain": "ethereum",
        "collection": {"slug": f"collection-{number % 7}"},
        "item": {
            "nft_id": f"ethereum/0x{number % 7:040x}/{number}",
            "metadata": {"name": f"Thing #{number}"},
            "chain": {"name": "ethereum"},
        },
        "quantity": 1,
        "transaction": {"hash": f"0x{number:064x}", "timestamp": format_timestamp(moment)},
        "closing_date": format_timestamp(moment),
        "event_timestamp": format_timestamp(moment),
        "order_hash": f"0x{number + 1_000_000:064x}",
        "maker": {"address": SELLER},
        "taker": {"address": BUYER},
        "sale_price": str(10**18 + number),
        "payment_token": {
            "address": "0x" + "0" * 40, "decimals": 18, "symbol": "ETH", "name": "Ethereum",
            "eth_price": "1.0", "usd_price": "3000.5",
        },
        "is_private": False,
        "listing_type": None,
    }  # fmt: skip
    return {
        "event_type": "item_sold",
        "version": 1,
        "sent_at": format_timestamp(sent_at),
        "payload": {**payload, **changes},
    }


def fetched(number: int, hour: Hour = HOUR, **changes: Any) -> dict[str, Any]:
    """The same sale as the Events API tells it, in the envelope of a repair."""
    told = sold(number, hour)["payload"]
    payload = {
        "event_type": "sale",
        "event_timestamp": int(hour.start.timestamp()) + number % 3000,
        "closing_date": int(hour.start.timestamp()) + number % 3000,
        "chain": "ethereum",
        "transaction": told["transaction"]["hash"],
        "order_hash": told["order_hash"],
        "seller": SELLER,
        "buyer": BUYER,
        "quantity": 1,
        "payment": {"quantity": told["sale_price"], "token_address": "0x" + "0" * 40, "decimals": 18, "symbol": "ETH"},
        "nft": {"identifier": str(number), "contract": f"0x{number % 7:040x}", "collection": f"collection-{number % 7}",
                "name": f"Thing #{number}"},
        **changes,
    }  # fmt: skip
    sent_at = format_timestamp(hour.end + timedelta(hours=2))
    return {"event_type": "item_sold", "source": "events_api", "sent_at": sent_at, "payload": payload}


def listed(number: int) -> dict[str, Any]:
    """A message of another type."""
    return {"event_type": "item_listed", "version": 1, "sent_at": "2026-11-22T15:00:00.000000Z",
            "payload": {**sold(number)["payload"], "base_price": "1"}}  # fmt: skip


@dataclass
class Recording:
    """What one collector received in one hour, segment by segment."""

    collector: str = "collector-a"
    hour: Hour = HOUR
    segments: list[list[bytes]] = field(default_factory=lambda: [[]])
    covered: list[Interval] | None = None
    gaps: list[Gap] = field(default_factory=list)
    topic: str = TOPIC

    def receive(self, message: dict[str, Any] | bytes, at: float = 0.0) -> "Recording":
        """Add a message, `at` seconds after the hour's start; bytes are a record line of their own."""
        if isinstance(message, bytes):
            line = message
        else:
            received = format_timestamp(self.hour.start + timedelta(seconds=at))
            line = record_line(received, self.topic, json.dumps(message).encode())
        self.segments[-1].append(line)
        return self

    def seal(self) -> "Recording":
        """Go on in another segment."""
        self.segments.append([])
        return self

    def put(self, client: "S3Client", bucket: str) -> Manifest:
        """Put the objects, the manifest last, and return it."""
        packed = [self._packed(number, b"".join(lines)) for number, lines in enumerate(self.segments, 1) if lines]
        for segment, data in packed:
            client.put_object(Bucket=bucket, Key=segment.key, Body=data)
        tally = Tally()
        tally.add(line for segment in self.segments for line in segment)
        whole = [Interval(self.topic, self.hour.start, self.hour.end)]
        manifest = Manifest(
            hour=self.hour.key,
            collector=self.collector,
            segments=tuple(segment for segment, _ in packed),
            event_types=dict(tally.event_types),
            topics=tally.topics,
            covered=tuple(whole if self.covered is None else self.covered),
            gaps=tuple(self.gaps),
            software="test",
            written_at=datetime(2026, 11, 22, 16, tzinfo=UTC),
        )
        key = str(ManifestKey("", self.collector, self.hour))
        client.put_object(Bucket=bucket, Key=key, Body=print_manifest(manifest))
        return manifest

    def _packed(self, number: int, lines: bytes) -> tuple[Segment, bytes]:
        data = zstandard.ZstdCompressor(level=1, write_checksum=True).compress(lines)
        key = str(ObjectKey("", self.collector, SegmentName(self.hour, number)))
        digest = hashlib.sha256(data).hexdigest()
        return Segment(key, lines.count(b"\n"), len(lines), len(data), digest), data
