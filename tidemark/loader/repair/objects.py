"""What a run puts into the archive for one hour: a segment, if there are events, and the manifest after it. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from zstandard import ZstdCompressor

from tidemark.archive.event_type import SALE
from tidemark.archive.manifest import Interval, Manifest, Segment, print_manifest
from tidemark.archive.names import REPAIR_PREFIX, ManifestKey, ObjectKey, SegmentName
from tidemark.archive.record import record_line, unparsed_line
from tidemark.archive.tally import Tally
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.repair.page import Event
from tidemark.loader.transform.events_api import TOPIC
from tidemark.loader.transform.read import read_line
from tidemark.loader.transform.sale import Sale

AUDIT = "audit-"


def run_name(now: datetime, salt: str, kind: str = "") -> str:
    """Return the collector's id under which a run archives: later runs sort later, `salt` keeps two machines apart.

    `kind` is AUDIT for an audit: its windows were chosen at random, those of a repair because they are gaps.
    """
    return f"{REPAIR_PREFIX}{kind}{now:%Y%m%dt%H%M%S%f}-{salt}"


class Line(NamedTuple):
    """An event as a record line, and when it was fetched."""

    record: bytes
    fetched_at: datetime

    @classmethod
    def of(cls, event: Event, fetched_at: datetime) -> "Line":
        """Return the line of an event, its text kept as it came; one that is not JSON is kept as unparsed."""
        at = format_timestamp(fetched_at)
        if not event.readable:
            return cls(unparsed_line(at, event.text), fetched_at)
        head = f'{{"event_type":"{SALE}","source":"events_api","sent_at":"{at}","payload":'
        return cls(record_line(at, TOPIC, head.encode() + event.text + b"}"), fetched_at)

    @property
    def is_sale(self) -> bool:
        """Whether the loader will load it; it sets aside what it cannot read."""
        return isinstance(read_line(self.record), Sale)


def hour_objects(
    key: ManifestKey, lines: Sequence[Line], covered: Iterable[Interval], *, software: str, now: datetime
) -> dict[str, bytes]:
    """Return contents by key, in the order in which they are to be put: the manifest is last and the commit."""
    tally = Tally()
    tally.add([line.record for line in lines])
    records = b"".join(line.record for line in lines)
    packed = ZstdCompressor(write_checksum=True, write_content_size=True).compress(records)
    name = str(ObjectKey(key.prefix, key.collector, SegmentName(key.hour, 1)))
    segment = Segment(name, len(lines), len(records), len(packed), hashlib.sha256(packed).hexdigest())
    manifest = Manifest(
        hour=key.hour.key,
        collector=key.collector,
        segments=(segment,) if lines else (),
        event_types=dict(tally.event_types),
        topics=tally.topics,
        first_received_at=min((line.fetched_at for line in lines), default=None),
        last_received_at=max((line.fetched_at for line in lines), default=None),
        covered=tuple(sorted(covered)),
        software=software,
        written_at=now,
    )
    return ({name: packed} if lines else {}) | {str(key): print_manifest(manifest)}
