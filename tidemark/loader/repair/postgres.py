"""What a run needs of the warehouse: the open windows, the hours due for an audit, and what an audit found."""

from collections.abc import Sequence
from datetime import UTC
from itertools import groupby

from sqlalchemy import Connection, RowMapping, text

from tidemark.core.hour import Hour
from tidemark.loader.repair.draw import Drawn, DueHour
from tidemark.loader.repair.window import MARKET, GapWindow

# Runs that fetched a window and had to set events aside, after which it is not asked for again.
TRIES = 3
# What some collector covered for itself, or a collector of the whole market for it, is no gap of the warehouse.
_OPEN = text("""
WITH missed AS (
    SELECT source_hour, topic, range_agg(tstzrange(from_at, to_at)) AS spans
    FROM ops.gap
    WHERE source_hour BETWEEN :first AND :last AND (source_hour < core.closed_before()) = :closed
    GROUP BY source_hour, topic
),
known AS (
    SELECT source_hour, topic, from_at, to_at
    FROM ops.proven_coverage
    WHERE source_hour BETWEEN :first AND :last
    UNION ALL
    SELECT source_hour, topic, from_at, to_at
    FROM ops.coverage
    WHERE source_hour BETWEEN :first AND :last AND collector LIKE 'events-api-%'
    GROUP BY source_hour, topic, from_at, to_at
    HAVING count(*) >= :tries
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


def open_windows(connection: Connection, first: Hour, last: Hour, *, closed: bool = False) -> list[GapWindow]:
    """Return what no collector and no earlier repair covered in the loaded hours of a range, newest first.

    Hours that a detached month closed are left out, for what is fetched could not be loaded; with `closed`, only they
    are looked at.
    """
    values = {"first": first.start, "last": last.start, "market": MARKET, "tries": TRIES, "closed": closed}
    rows = connection.execute(_OPEN, values)
    return [
        GapWindow(
            Hour(row.source_hour.astimezone(UTC)), row.topic, row.from_at.astimezone(UTC), row.to_at.astimezone(UTC)
        )
        for row in rows
    ]


# A collector that records the whole market records each collection; its sales are those of all.
_DUE = text("""
WITH topic AS (
    SELECT source_hour, topic FROM ops.coverage
    WHERE source_hour BETWEEN :first AND :last AND collector NOT LIKE 'events-api-%'
    UNION
    SELECT source_hour, topic FROM ops.gap WHERE source_hour BETWEEN :first AND :last
),
due AS (
    SELECT * FROM topic
    WHERE (source_hour < core.closed_before()) = :closed AND (:again OR NOT EXISTS (
        SELECT FROM ops.coverage AS audited
        WHERE audited.source_hour = topic.source_hour AND audited.collector LIKE 'events-api-audit-%'
    ))
),
sale AS (
    SELECT source_hour, 'collection:' || collection_slug AS topic, count(*) AS sales
    FROM core.sale
    WHERE source_hour IN (SELECT source_hour FROM due)
    GROUP BY source_hour, collection_slug
)
SELECT due.source_hour, due.topic, coalesce(sum(sale.sales), 0)::bigint AS sales
FROM due
LEFT JOIN sale ON sale.source_hour = due.source_hour AND (due.topic = :market OR sale.topic = due.topic)
GROUP BY due.source_hour, due.topic
ORDER BY due.source_hour DESC, due.topic
""")
_RECORD = text("""
INSERT INTO ops.audit_draw (
    collector, source_hour, topic, from_at, to_at, seed, hours_due, budget, expected_requests, drawn_at
)
VALUES (:collector, :hour, :topic, :from_at, :to_at, :seed, :hours_due, :budget, :expected_requests, :drawn_at)
""")
_AUDITED = text("SELECT * FROM mart.hour_quality WHERE hour = :hour")


def due_hours(connection: Connection, first: Hour, last: Hour, *, again: bool, closed: bool = False) -> list[DueHour]:
    """Return the loaded hours of a range that no audit asked about, newest first; with `again`, all loaded hours.

    Hours that a detached month closed are left out; with `closed`, only they are looked at.
    """
    values = {"first": first.start, "last": last.start, "market": MARKET, "again": again, "closed": closed}
    rows = connection.execute(_DUE, values).all()
    return [
        DueHour(Hour(hour.astimezone(UTC)), {row.topic: row.sales for row in group})
        for hour, group in groupby(rows, key=lambda row: row.source_hour)
    ]


def record_draw(connection: Connection, drawn: Sequence[Drawn], **run: object) -> None:
    """Write down what an audit chose to ask, before it asks; the caller commits.

    `run` holds `collector`, `seed`, `hours_due`, `budget` and `drawn_at`, the same for all windows.
    """
    for each in drawn:
        window = {"hour": each.window.hour.start, "topic": each.window.topic, "from_at": each.window.start,
                  "to_at": each.window.end, "expected_requests": each.requests}  # fmt: skip
        connection.execute(_RECORD, {**run, **window})


def hour_quality(connection: Connection, hour: Hour) -> RowMapping | None:
    """Return an hour's row of mart.hour_quality, None where it is not loaded."""
    return connection.execute(_AUDITED, {"hour": hour.start}).mappings().first()
