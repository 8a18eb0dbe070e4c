"""What the warehouse says of its own loads: which hours it holds, from which inputs, with which numbers."""

from datetime import UTC

from sqlalchemy import Connection, RowMapping, text

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.warehouse.migrate import MIGRATIONS

_LAST = text("SELECT * FROM ops.load_run WHERE source_hour = :hour ORDER BY load_id DESC LIMIT 1")
_FINGERPRINTS = text(
    "SELECT DISTINCT ON (source_hour) source_hour, fingerprint FROM ops.load_run "
    "WHERE source_hour BETWEEN :first AND :last ORDER BY source_hour, load_id DESC"
)
_COVERED = text("SELECT covered_s FROM mart.hour_quality WHERE hour = :hour")
_GAPS = text(
    "SELECT collector, topic, from_at, to_at, reason FROM ops.gap "
    "WHERE source_hour = :hour AND repaired_by IS NULL ORDER BY from_at, collector, topic"
)


def require_migrated(connection: Connection) -> None:
    """Raise Problem unless the warehouse has every migration of this version of Tidemark."""
    wanted = {file.stem for file in MIGRATIONS.glob("*.sql")}
    if not connection.scalar(text("SELECT to_regclass('ops.schema_migration')")):
        applied = set()
    else:
        applied = set(connection.scalars(text("SELECT version_num FROM ops.schema_migration")))
    if missing := sorted(wanted - applied):
        raise Problem(f"the warehouse lacks the migrations {', '.join(missing)}", "Run: tidemark migrate")


def last_run(connection: Connection, hour: Hour) -> RowMapping | None:
    """Return the newest load of an hour as a row of `ops.load_run`, None where there is none."""
    return connection.execute(_LAST, {"hour": hour.start}).mappings().first()


def fingerprints(connection: Connection, first: Hour, last: Hour) -> dict[Hour, str]:
    """Return the fingerprint that each loaded hour of a range was last loaded with."""
    rows = connection.execute(_FINGERPRINTS, {"first": first.start, "last": last.start})
    return {Hour(row.source_hour.astimezone(UTC)): row.fingerprint for row in rows}


def covered_seconds(connection: Connection, hour: Hour) -> float:
    """Return the seconds of a loaded hour that at least one collector covered."""
    return float(connection.scalar(_COVERED, {"hour": hour.start}) or 0)


def open_gaps(connection: Connection, hour: Hour) -> list[str]:
    """Return the gaps of an hour that no repair has filled, one line of text each."""
    return [
        f"{gap.collector} {gap.topic} {format_timestamp(gap.from_at)} to {format_timestamp(gap.to_at)}: {gap.reason}"
        for gap in connection.execute(_GAPS, {"hour": hour.start})
    ]
