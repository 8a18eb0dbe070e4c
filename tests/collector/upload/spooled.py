"""A spool as a collector leaves it, and what the archive must hold of it in the end."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import zstandard

from collector.settings import UploadSettings
from tidemark.archive.ledger import Alive, Began, Entry, Joined, Started, Stopped, print_entry
from tidemark.archive.manifest import read_manifest
from tidemark.archive.names import CoverageName, ManifestKey, ObjectKey, SegmentName
from tidemark.archive.record import record_line
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp

COLLECTOR = "collector-a"
PREFIX = "tide/"
FIRST = Hour.parse("2026-11-20T10")
TOPIC = "collection:*"


def clock_at(hour: Hour, minutes: float = 5) -> Callable[[], float]:
    """Return a clock that shows a time some minutes into an hour."""
    return (hour.start + timedelta(minutes=minutes)).timestamp


class Spooled:
    """Builds a spool file by file, and remembers what every sealed segment held."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.segments: dict[SegmentName, bytes] = {}
        for folder in ("open", "sealed"):
            (root / folder).mkdir(parents=True)

    def settings(self, **changes: object) -> UploadSettings:
        given = {"collector": COLLECTOR, "spool": self.root, "bucket": "archive", "prefix": PREFIX, **changes}
        return UploadSettings.model_validate(given)

    def segment(self, hour: Hour, number: int, *, records: int = 3, filler: int = 10, folder: str = "sealed") -> None:
        """Write a segment of sales with `filler` random bytes in each."""
        chance = random.Random(f"{hour}.{number}")
        moments = (format_timestamp(hour.start + timedelta(seconds=index % 3600)) for index in range(records))
        sale = '{{"event_type":"item_sold","payload":"{}"}}'
        content = b"".join(
            record_line(moment, TOPIC, sale.format(chance.randbytes(filler).hex()).encode()) for moment in moments
        )
        (self.root / folder / str(SegmentName(hour, number))).write_bytes(content)
        self.segments[SegmentName(hour, number)] = content

    def ledger(self, hour: Hour, *entries: Entry, folder: str = "sealed") -> None:
        """Write a ledger; without entries one of a process that was joined from second 1 to the last but one."""
        start, end = hour.start + timedelta(seconds=1), hour.end - timedelta(seconds=1)
        usual = Started(start, "run", (TOPIC,), "tidemark"), Joined(start, 1, TOPIC), Alive(end, 1), Stopped(end)
        lines = map(print_entry, (Began(hour.start, None, {}), *(entries or usual)))
        (self.root / folder / str(CoverageName(hour))).write_bytes(b"".join(lines))

    def hour(self, hour: Hour, segments: int = 1, **size: int) -> None:
        """Write a finished hour."""
        for number in range(1, segments + 1):
            self.segment(hour, number, **size)
        self.ledger(hour)

    def names(self) -> list[str]:
        """Return every file in the spool, apart from locks."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.glob("*/*"))

    def keys(self, *hours: Hour) -> set[str]:
        """Return the keys that the archive must have when these hours are committed."""
        segments = {str(ObjectKey(PREFIX, COLLECTOR, name)) for name in self.segments if name.hour in hours}
        return segments | {str(ManifestKey(PREFIX, COLLECTOR, hour)) for hour in hours}


def assert_archived(objects: dict[str, bytes], spooled: Spooled, *hours: Hour) -> None:
    """Assert that the archive holds these hours and nothing else: each segment once, each manifest true to it."""
    assert set(objects) == spooled.keys(*hours)
    for hour in hours:
        manifest = read_manifest(objects[str(ManifestKey(PREFIX, COLLECTOR, hour))])
        held = {name: content for name, content in spooled.segments.items() if name.hour == hour}
        assert [segment.key for segment in manifest.segments] == [
            str(ObjectKey(PREFIX, COLLECTOR, name)) for name in sorted(held)
        ]
        for segment, name in zip(manifest.segments, sorted(held), strict=True):
            assert zstandard.decompress(objects[segment.key]) == held[name]
            assert segment.records == held[name].count(b"\n")
