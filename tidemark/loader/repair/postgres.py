"""The stretches that the warehouse knows as open."""

from datetime import UTC

from sqlalchemy import Connection, text

from tidemark.core.hour import Hour
from tidemark.loader.repair.stretch import EVERYTHING, Stretch

# What some collector covered for itself, or a collector of the whole market for it, is no gap of the warehouse.
_OPEN = text("""
WITH missed AS (
    SELECT source_hour, topic, range_agg(tstzrange(from_at, to_at)) AS spans
    FROM ops.gap
    WHERE source_hour BETWEEN :first AND :last
    GROUP BY source_hour, topic
)
SELECT missed.source_hour, missed.topic, lower(open.span) AS from_at, upper(open.span) AS to_at
FROM missed
CROSS JOIN LATERAL unnest(
    missed.spans - coalesce((
        SELECT range_agg(tstzrange(coverage.from_at, coverage.to_at))
        FROM ops.coverage
        WHERE coverage.source_hour = missed.source_hour AND coverage.topic IN (missed.topic, :everything)
    ), '{}')
) AS open (span)
ORDER BY missed.source_hour DESC, to_at DESC, topic
""")


def open_stretches(connection: Connection, first: Hour, last: Hour) -> list[Stretch]:
    """Return what no collector and no earlier repair covered in the loaded hours of a range, newest first."""
    rows = connection.execute(_OPEN, {"first": first.start, "last": last.start, "everything": EVERYTHING})
    return [
        Stretch(
            Hour(row.source_hour.astimezone(UTC)), row.topic, row.from_at.astimezone(UTC), row.to_at.astimezone(UTC)
        )
        for row in rows
    ]
