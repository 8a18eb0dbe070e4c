"""The names of files and objects: a grammar with one parser and one printer.

Spool:   `20261122T15.0001.jsonl`, `20261122T15.coverage.jsonl`
Archive: `PREFIX/events/date=2026-11-22/hour=15/collector=ID/20261122T15.0001.jsonl.zst`
         `PREFIX/manifests/date=2026-11-22/hour=15/collector=ID.json`
No value of a message ever becomes part of a name.
"""

import re
from dataclasses import dataclass
from typing import Self

from tidemark.core.hour import Hour

_COLLECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_PREFIX = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*", re.ASCII)
_SEGMENT = re.compile(r"(?P<hour>[0-9]{8}T[0-9]{2})\.(?P<number>[0-9]{4})\.jsonl", re.ASCII)
_COVERAGE = re.compile(r"(?P<hour>[0-9]{8}T[0-9]{2})\.coverage\.jsonl", re.ASCII)
_PARTITION = r"date=(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})/hour=(?P<hour>[0-9]{2})"
_OBJECT = re.compile(rf"(?P<prefix>.*?)events/{_PARTITION}/collector=(?P<id>[^/]+)/(?P<file>[^/]+)\.zst", re.ASCII)
_MANIFEST = re.compile(rf"(?P<prefix>.*?)manifests/{_PARTITION}/collector=(?P<id>[^/]+)\.json", re.ASCII)


LAST_NUMBER = 9999
SEGMENT_TYPE = "application/zstd"
MANIFEST_TYPE = "application/json"
REPAIR_PREFIX = "events-api-"
"""How the ids of repairs begin, which archive what the Events API tells as if they were collectors."""


def is_repair(collector: str) -> bool:
    """Say whether a collector's id is that of a repair and not of a machine that recorded the stream."""
    return collector.startswith(REPAIR_PREFIX)


def checked_collector(collector: str) -> str:
    """Return a collector's id unchanged; raise ValueError unless it can be part of a name."""
    if not _COLLECTOR.fullmatch(collector):
        raise ValueError(f"{collector!r} is not a collector id; use a-z, 0-9 and inner dashes, such as collector-a")
    return collector


def checked_prefix(prefix: str) -> str:
    """Return a key prefix unchanged, empty or ending in `/`; raise ValueError for any other."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"{prefix!r} is not a key prefix; leave it empty or end it with a slash, such as tidemark/")
    return prefix


@dataclass(frozen=True, order=True, slots=True)
class SegmentName:
    """A segment's file name: the hour and the segment's number within it, from 1."""

    hour: Hour
    number: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= LAST_NUMBER:
            raise ValueError(f"segment number {self.number} is outside 1 to {LAST_NUMBER}")

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read `20261122T15.0001.jsonl`. Raises ValueError for any other name."""
        if not (found := _SEGMENT.fullmatch(name)):
            raise ValueError(f"{name!r} is not a segment's name, such as 20261122T15.0001.jsonl")
        return cls(Hour.parse_compact(found["hour"]), int(found["number"]))

    def __str__(self) -> str:
        return f"{self.hour.compact}.{self.number:04d}.jsonl"


@dataclass(frozen=True, order=True, slots=True)
class CoverageName:
    """The file name of an hour's coverage ledger."""

    hour: Hour

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read `20261122T15.coverage.jsonl`. Raises ValueError for any other name."""
        if not (found := _COVERAGE.fullmatch(name)):
            raise ValueError(f"{name!r} is not a coverage ledger's name, such as 20261122T15.coverage.jsonl")
        return cls(Hour.parse_compact(found["hour"]))

    def __str__(self) -> str:
        return f"{self.hour.compact}.coverage.jsonl"


def _partition(hour: Hour) -> str:
    return f"date={hour.start:%Y-%m-%d}/hour={hour.start:%H}"


@dataclass(frozen=True, order=True, slots=True)
class ObjectKey:
    """The key of a compressed segment in the archive."""

    prefix: str
    collector: str
    segment: SegmentName

    def __post_init__(self) -> None:
        checked_prefix(self.prefix)
        checked_collector(self.collector)

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read a segment's key. Raises ValueError for any other key, also where its parts disagree."""
        if not (found := _OBJECT.fullmatch(key)):
            raise ValueError(f"{key!r} is not a segment's key")
        parsed = cls(found["prefix"], found["id"], SegmentName.parse(found["file"]))
        if str(parsed) != key:
            raise ValueError(f"{key!r} names two different hours")
        return parsed

    def __str__(self) -> str:
        folder = f"{self.prefix}events/{_partition(self.segment.hour)}"
        return f"{folder}/collector={self.collector}/{self.segment}.zst"


@dataclass(frozen=True, order=True, slots=True)
class ManifestKey:
    """The key of the manifest of one collector's hour."""

    prefix: str
    collector: str
    hour: Hour

    def __post_init__(self) -> None:
        checked_prefix(self.prefix)
        checked_collector(self.collector)

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read a manifest's key. Raises ValueError for any other key."""
        if not (found := _MANIFEST.fullmatch(key)):
            raise ValueError(f"{key!r} is not a manifest's key")
        return cls(found["prefix"], found["id"], Hour.parse(f"{found['date']}T{found['hour']}"))

    def __str__(self) -> str:
        return f"{self.prefix}manifests/{_partition(self.hour)}/collector={self.collector}.json"


def probe_name(collector: str) -> str:
    """Return how the objects of a collector's probe are named, under `PREFIX/probe/`."""
    return f"collector={checked_collector(collector)}"


def manifest_folder(prefix: str, hour: Hour) -> str:
    """Return the key prefix of every collector's manifest of an hour."""
    return f"{checked_prefix(prefix)}manifests/{_partition(hour)}/"
