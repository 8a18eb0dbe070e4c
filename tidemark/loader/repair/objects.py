"""What a repair puts into the archive for one hour: a segment, if there are sales, and the manifest after it. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from zstandard import ZstdCompressor

from tidemark.archive.event_type import SALE
from tidemark.archive.manifest import Interval, Manifest, Segment, print_manifest
from tidemark.archive.names import REPAIR_PREFIX, ManifestKey, ObjectKey, SegmentName
from tidemark.archive.record import record_line
from tidemark.archive.tally import Tally
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.transform.events_api import TOPIC


def run_name(now: datetime, salt: str) -> str:
    """Return the collector's id under which a run archives: later runs sort later, `salt` keeps two machines apart."""
    return f"{REPAIR_PREFIX}{now:%Y%m%dt%H%M%S%f}-{salt}"


def sale_line(event: bytes, fetched_at: datetime) -> bytes:
    """Return the record line of an event of the Events API, its text kept as it came."""
    at = format_timestamp(fetched_at)
    head = f'{{"event_type":"{SALE}","source":"events_api","sent_at":"{at}","payload":'
    return record_line(at, TOPIC, head.encode() + event + b"}")


def hour_objects(
    key: ManifestKey, sales: Mapping[bytes, datetime], covered: Iterable[Interval], *, software: str, now: datetime
) -> dict[str, bytes]:
    """Return contents by key, in the order in which they are to be put: the manifest is last and the commit.

    `sales` are the texts of events, each with the moment in which it was fetched.
    """
    listed = [sale_line(event, fetched_at) for event, fetched_at in sales.items()]
    lines, tally = b"".join(listed), Tally()
    tally.add(listed)
    packed = ZstdCompressor(write_checksum=True, write_content_size=True).compress(lines)
    name = str(ObjectKey(key.prefix, key.collector, SegmentName(key.hour, 1)))
    segment = Segment(name, len(sales), len(lines), len(packed), hashlib.sha256(packed).hexdigest())
    manifest = Manifest(
        hour=key.hour.key,
        collector=key.collector,
        segments=(segment,) if sales else (),
        event_types=dict(tally.event_types),
        topics=tally.topics,
        first_received_at=min(sales.values(), default=None),
        last_received_at=max(sales.values(), default=None),
        covered=tuple(sorted(covered)),
        software=software,
        written_at=now,
    )
    return ({name: packed} if sales else {}) | {str(key): print_manifest(manifest)}
