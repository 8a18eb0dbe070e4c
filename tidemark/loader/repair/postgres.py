"""The windows that are open in the warehouse."""

from datetime import UTC

from sqlalchemy import Connection, text

from tidemark.core.hour import Hour
from tidemark.loader.repair.window import MARKET, GapWindow

# Runs that fetched a window and had to set events aside, after which it is not asked for again.
TRIES = 3
# What some collector covered for itself, or a collector of the whole market for it, is no gap of the warehouse.
_OPEN = text("""
WITH missed AS (
    SELECT source_hour, topic, range_agg(tstzrange(from_at, to_at)) AS spans
    FROM ops.gap
    WHERE source_hour BETWEEN :first AND :last
    GROUP BY source_hour, topic
),
covered AS (
    SELECT coverage.*, EXISTS (
        SELECT FROM ops.reject
        WHERE reject.source_hour = coverage.source_hour AND reject.collector = coverage.collector
            AND coverage.collector LIKE 'events-api-%'
    ) AS set_aside
    FROM ops.coverage
    WHERE source_hour BETWEEN :first AND :last
),
known AS (
    SELECT source_hour, topic, from_at, to_at FROM covered
    GROUP BY source_hour, topic, from_at, to_at
    HAVING NOT bool_and(set_aside) OR count(*) >= :tries
)
SELECT missed.source_hour, missed.topic, lower(open.span) AS from_at, upper(open.span) AS to_at
FROM missed
CROSS JOIN LATERAL unnest(
    missed.spans - coalesce((
        SELECT range_agg(tstzrange(known.from_at, known.to_at))
        FROM known
        WHERE known.source_hour = missed.source_hour AND known.topic IN (missed.topic, :market)
    ), '{}')
) AS open (span)
ORDER BY missed.source_hour DESC, to_at DESC, topic
""")


def open_windows(connection: Connection, first: Hour, last: Hour) -> list[GapWindow]:
    """Return what no collector and no earlier repair covered in the loaded hours of a range, newest first."""
    rows = connection.execute(_OPEN, {"first": first.start, "last": last.start, "market": MARKET, "tries": TRIES})
    return [
        GapWindow(
            Hour(row.source_hour.astimezone(UTC)), row.topic, row.from_at.astimezone(UTC), row.to_at.astimezone(UTC)
        )
        for row in rows
    ]
