"""What the warehouse says of its own loads: which hours it holds, from which inputs, with which numbers."""

from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, text

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.warehouse.migrate import missing_migrations

_LAST = text("SELECT * FROM ops.load_run WHERE source_hour = :hour ORDER BY load_id DESC LIMIT 1")
_FINGERPRINTS = text(
    "SELECT DISTINCT ON (source_hour) source_hour, fingerprint FROM ops.load_run "
    "WHERE source_hour BETWEEN :first AND :last ORDER BY source_hour, load_id DESC"
)
_COVERED = text("SELECT covered_s FROM mart.hour_quality WHERE hour = :hour")
_GAPS = text(
    "SELECT collector, from_at, to_at, reason, count(*) AS topics, min(topic) AS topic FROM ops.gap "
    "WHERE source_hour = :hour AND repaired_by IS NULL GROUP BY 1, 2, 3, 4 ORDER BY from_at, collector, to_at, topic"
)


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """One load of one hour; every value is plain, so that it prints as JSON.

    `lines` = `inserted` + `replaced` + `duplicates` + `other` + `quarantined`, each line counted once. `conflicting`
    are those duplicates that report other values than the sale's row. `covered_seconds` of the hour at least one
    collector covered. `unchanged`: there was nothing to do, and the numbers are those of the last load.
    """

    hour: str
    unchanged: bool
    collectors: list[str]
    missing: list[str]
    files: int
    lines: int
    inserted: int
    replaced: int
    duplicates: int
    conflicting: int
    other: int
    quarantined: int
    covered_seconds: float
    gaps: list[str] = field(default_factory=list)
    seconds: float

    @property
    def sales(self) -> int:
        """Lines that report a sale."""
        return self.inserted + self.replaced + self.duplicates

    def __str__(self) -> str:
        verb = "is loaded and unchanged" if self.unchanged else f"loaded in {self.seconds:.1f} s"
        by = f"{self.files} files by {', '.join(self.collectors)}" if self.collectors else "no manifest"
        missing = f"; no manifest yet of {', '.join(self.missing)}" if self.missing else ""
        sales = f"{self.inserted:,} new, {self.replaced:,} replaced, {self.duplicates:,} known already"
        if self.conflicting:
            sales += f", {self.conflicting:,} of them with other values: see ops.sale_difference"
        return "\n".join(
            [
                f"{self.hour} {verb}: {by}{missing}",
                f"  lines       {self.lines:>12,}",
                f"  sales       {self.sales:>12,}  {sales}",
                f"  other types {self.other:>12,}",
                f"  quarantined {self.quarantined:>12,}{'  see ops.quarantine' if self.quarantined else ''}",
                f"  covered     {self.covered_seconds:>12,.1f}  seconds of 3,600",
                *(f"  gap         {gap}" for gap in self.gaps),
            ]
        )


def require_migrated(connection: Connection) -> None:
    """Raise Problem unless the warehouse has every migration of this version of Tidemark."""
    if missing := missing_migrations(connection):
        raise Problem(f"the warehouse lacks the migrations {', '.join(missing)}", "Run: tidemark migrate")


def last_run(connection: Connection, hour: Hour) -> RowMapping | None:
    """Return the newest load of an hour as a row of `ops.load_run`, None where there is none."""
    return connection.execute(_LAST, {"hour": hour.start}).mappings().first()


def fingerprints(connection: Connection, first: Hour, last: Hour) -> dict[Hour, str]:
    """Return the fingerprint that each loaded hour of a range was last loaded with."""
    rows = connection.execute(_FINGERPRINTS, {"first": first.start, "last": last.start})
    return {Hour(row.source_hour.astimezone(UTC)): row.fingerprint for row in rows}


def report_of(connection: Connection, hour: Hour, missing: list[str], *, unchanged: bool) -> LoadReport:
    """Return the report of an hour's newest load; `missing` are the expected collectors without a manifest."""
    run = last_run(connection, hour)
    if run is None:
        raise AssertionError(f"{hour.key} was loaded and has no load_run")
    counts = ("files", "lines", "inserted", "replaced", "duplicates", "conflicting", "other", "quarantined")
    return LoadReport(
        hour=hour.key,
        unchanged=unchanged,
        collectors=run["collectors"],
        missing=missing,
        covered_seconds=float(connection.scalar(_COVERED, {"hour": hour.start}) or 0),
        gaps=list(map(_gap, connection.execute(_GAPS, {"hour": hour.start}))),
        seconds=(run["finished_at"] - run["started_at"]).total_seconds(),
        **{name: run[name] for name in counts},
    )


def _gap(row: Row[Any]) -> str:
    start, end = row.from_at.astimezone(UTC), row.to_at.astimezone(UTC)
    topics = row.topic if row.topics == 1 else f"{row.topics} topics"
    return f"{row.collector} {topics} {start:%H:%M:%S} to {end:%H:%M:%S}: {row.reason}"
