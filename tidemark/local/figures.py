"""The figures of a run, side by side: what was sent, received, archived and loaded."""

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
        """Whether this is a repair from the Events API, and not a collector."""
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
    """The lines of an hour's first load by outcome; `replaced` ones were an earlier observation of a known sale."""

    lines: int
    inserted: int
    replaced: int
    duplicates: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class HourQuality:
    """How completely an hour was recorded; the columns of `mart.hour_quality` explain each.

    `repaired` is covered by the Events API only. `missed` and its interval estimate the sales that both collectors
    missed while both recorded; None if they never did. `api_unseen` sales that the Events API knows were received by no
    collector although one should have; None, with `loss` and its interval, if the hour was not audited.
    """

    covered: timedelta
    covered_twice: timedelta
    repaired: timedelta
    missed: Decimal | None
    missed_low: Decimal | None
    missed_high: Decimal | None
    recovered: int
    api_unseen: int | None = None
    loss: Decimal | None = None
    loss_low: Decimal | None = None
    loss_high: Decimal | None = None


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
    """Everything that the report shows, except the reconciliation."""

    hours: Sequence[HourFigures]
    collections: Sequence[TopCollection]


def percent(share: float | None) -> str:
    """Print a share; one that is not complete never looks complete."""
    if share is None:
        return "not loaded"
    return "100 %" if share >= 1 else f"{min(share * 100, 99.99):.2f} %"
