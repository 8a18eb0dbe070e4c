"""The figures of a run, side by side: what was sent, received, archived and loaded. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from tidemark.archive.manifest import Gap, Interval, Manifest
from tidemark.archive.names import is_repair
from tidemark.core.hour import Hour


@dataclass(frozen=True, slots=True)
class CollectorHour:
    """What one collector received and archived of one hour, by its manifest."""

    collector: str
    records: int
    sales: int
    objects: int
    compressed_bytes: int
    covered: timedelta
    gaps: tuple[Gap, ...]
    intervals: tuple[Interval, ...]

    @property
    def repairs(self) -> bool:
        """Whether this is no collector, but a run of repairs that asked the Events API."""
        return is_repair(self.collector)

    @classmethod
    def of(cls, manifest: Manifest) -> "CollectorHour":
        """Return the figures of a manifest."""
        return cls(
            collector=manifest.collector,
            records=manifest.records,
            sales=manifest.sales,
            objects=len(manifest.segments),
            compressed_bytes=sum(segment.compressed_bytes for segment in manifest.segments),
            covered=sum((interval.end - interval.start for interval in manifest.covered), timedelta()),
            gaps=manifest.gaps,
            intervals=manifest.covered,
        )


@dataclass(frozen=True, slots=True)
class LoadedHour:
    """What became of an hour's lines in its first load; `replaced` ones were an earlier observation of a known sale."""

    lines: int
    inserted: int
    replaced: int
    duplicates: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class HourQuality:
    """How well an hour was recorded; the warehouse's `mart.hour_quality` explains each.

    `repaired` is what only the Events API covers. `missed` and its interval estimate the sales that both collectors
    missed while both recorded; None without such a time.
    """

    covered: timedelta
    covered_twice: timedelta
    repaired: timedelta
    missed: Decimal | None
    missed_low: Decimal | None
    missed_high: Decimal | None
    recovered: int


@dataclass(frozen=True, slots=True)
class HourFigures:
    """One hour from end to end. `loaded` and `quality` are None for an hour that was not loaded."""

    hour: Hour
    sent: int
    sent_sales: int
    collectors: tuple[CollectorHour, ...]
    loaded: LoadedHour | None
    quality: HourQuality | None


@dataclass(frozen=True, slots=True)
class TopCollection:
    """A collection's sales and their volume in ETH; None where no sale had a known price in ETH."""

    slug: str
    sales: int
    volume_eth: Decimal | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the report shows, except the verdict."""

    hours: Sequence[HourFigures]
    collections: Sequence[TopCollection]
