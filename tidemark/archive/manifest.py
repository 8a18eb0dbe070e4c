"""The manifest: what one collector says of one hour. It is put last and is the commit of the hour's objects."""

from datetime import datetime

import msgspec

from tidemark.archive.event_type import SALE
from tidemark.archive.names import ObjectKey, checked_collector
from tidemark.archive.topic_counts import TopicCounts
from tidemark.core.hour import Hour

FORMAT = 2


class Interval(msgspec.Struct, frozen=True, order=True, rename={"start": "from", "end": "to"}):
    """An interval of an hour in which a topic was covered, `[start, end)`, UTC."""

    topic: str
    start: datetime
    end: datetime


class Gap(msgspec.Struct, frozen=True, order=True, rename={"start": "from", "end": "to"}):
    """An interval of an hour in which a topic was not covered, with the reason; `[start, end)`, UTC."""

    topic: str
    start: datetime
    end: datetime
    reason: str


class Segment(msgspec.Struct, frozen=True):
    """One object of the hour.

    `sha256` is the hexadecimal digest of the object as it lies in the archive (compressed); `bytes` counts the
    record lines it unpacks to.
    """

    key: str
    records: int
    bytes: int
    compressed_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One collector's hour: its segments, what they hold, and what was and was not covered.

    `event_types` counts every record line once (see `tidemark.archive.event_type`), so its sum is the number of lines.
    `topics` counts every line once more, by topic and minute; lines of no known topic are counted as `other`.
    Times are UTC; `first_received_at` and `last_received_at` are None for an hour without records.
    """

    format: int = FORMAT
    hour: str
    collector: str
    segments: tuple[Segment, ...] = ()
    event_types: dict[str, int] = msgspec.field(default_factory=dict)
    topics: dict[str, TopicCounts] = msgspec.field(default_factory=dict)
    first_received_at: datetime | None = None
    last_received_at: datetime | None = None
    covered: tuple[Interval, ...] = ()
    gaps: tuple[Gap, ...] = ()
    software: str
    written_at: datetime

    @property
    def records(self) -> int:
        """How many record lines the segments hold together."""
        return sum(segment.records for segment in self.segments)

    @property
    def sales(self) -> int:
        """How many of them are sales."""
        return self.event_types.get(SALE, 0)


_decoder = msgspec.json.Decoder(Manifest)


def print_manifest(manifest: Manifest) -> bytes:
    """Print a manifest as one line of JSON with sorted keys; the same manifest always gives the same bytes."""
    return msgspec.json.encode(manifest, order="sorted") + b"\n"


def read_manifest(data: bytes) -> Manifest:
    """Read a manifest and check that it agrees with itself.

    Raises ValueError with what is wrong: not JSON, another format, counts that do not add up, or a segment
    that belongs to another hour or collector.
    """
    try:
        manifest = _decoder.decode(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if manifest.format != FORMAT:
        raise ValueError(f"manifest format {manifest.format} is not {FORMAT}; update Tidemark on this machine")
    checked_collector(manifest.collector)
    hour = Hour.parse(manifest.hour)
    for segment in manifest.segments:
        key = ObjectKey.parse(segment.key)
        if (key.segment.hour, key.collector) != (hour, manifest.collector):
            raise ValueError(f"segment {segment.key!r} is not of {manifest.hour} by {manifest.collector}")
    counted = sum(manifest.event_types.values())
    if counted != manifest.records:
        raise ValueError(f"event types add up to {counted}, the segments hold {manifest.records} records")
    _check_topics(manifest)
    return manifest


def _check_topics(manifest: Manifest) -> None:
    if broken := [topic for topic, counts in manifest.topics.items() if not counts.whole]:
        raise ValueError(f"the counts per minute of {broken[0]!r} are not counts of the minutes of an hour")
    messages = sum(sum(counts.messages) for counts in manifest.topics.values())
    sales = sum(sum(counts.sales) for counts in manifest.topics.values())
    if (messages, sales) != (manifest.records, manifest.sales):
        raise ValueError(
            f"topics add up to {messages} messages and {sales} sales, "
            f"event types to {manifest.records} and {manifest.sales}"
        )
