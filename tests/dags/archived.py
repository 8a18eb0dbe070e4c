"""Hours of sales, put into the archive as two uploads would have left them."""

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import zstandard

from tests.loader.transform.messages import sold
from tidemark.archive.manifest import Interval, Manifest, Segment, print_manifest
from tidemark.archive.names import ManifestKey, ObjectKey, SegmentName
from tidemark.archive.record import record_line
from tidemark.archive.tally import Tally
from tidemark.core.hour import LENGTH, Hour
from tidemark.core.timestamps import format_timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def archive_hour(s3: "S3Client", bucket: str, hour: Hour, collector: str = "collector-a", sales: int = 3) -> None:
    """Put one collector's hour: the same sales for each collector, the segment first and the manifest last."""
    times = [hour.start + number * LENGTH / sales for number in range(sales)]
    lines = [_line(hour, number, at) for number, at in enumerate(times)]
    text, tally = b"".join(lines), Tally()
    tally.add(lines)
    packed = zstandard.compress(text)
    key = str(ObjectKey("", collector, SegmentName(hour, 1)))
    digest = hashlib.sha256(packed).hexdigest()
    manifest = Manifest(
        hour=hour.key,
        collector=collector,
        segments=(Segment(key, len(lines), len(text), len(packed), digest),),
        event_types=dict(tally.event_types),
        topics=tally.topics,
        first_received_at=times[0],
        last_received_at=times[-1],
        covered=(Interval("collection:*", hour.start, hour.end),),
        software="test",
        written_at=hour.end,
    )
    s3.put_object(Bucket=bucket, Key=key, Body=packed)
    s3.put_object(Bucket=bucket, Key=str(ManifestKey("", collector, hour)), Body=print_manifest(manifest))


def _line(hour: Hour, number: int, received_at: datetime) -> bytes:
    at = format_timestamp(received_at)
    message = sold(transaction={"hash": f"0x{hour.compact.replace('T', '')}{number:054x}", "timestamp": at})
    return record_line(at, "collection:*", msgspec.json.encode(message | {"sent_at": at}))
