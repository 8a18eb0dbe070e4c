"""Loads side by side: which wait for each other, and how one finds out that it has to decide again.

Locks are taken in one order: the hour that is loaded (`lock_hour`), the gate, the hours whose sales and coverage
change, the end. docs/adr/0021 has the argument why the result is that of loads one after the other.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tidemark.core.hour import Hour
from tidemark.storage.postgres import DEADLOCK, LOCK_NOT_AVAILABLE

_AGAIN = {DEADLOCK, "23505"}  # the latter is a unique violation: by loads that decided beside each other
# waits for a transaction that inserted or locked one of the rows; the order is the same for all
_LOCK = text("""
    INSERT INTO ops.load_lock (name) SELECT name FROM unnest(CAST(:names AS text[])) AS name ORDER BY name
    ON CONFLICT (name) DO UPDATE SET name = excluded.name
""")
# the gate: loads write to this table and scoring empties it, and its queue is first come, first served
_BESIDE = text("LOCK TABLE mart.stale_day IN ROW EXCLUSIVE MODE")
ALONE = text("LOCK TABLE mart.stale_day IN SHARE ROW EXCLUSIVE MODE")
# What a load changes reaches two hours back (an audit of the hour before a silent one) and one ahead. A sale that is
# known was received in the hour in which it was sold, or in the next.
_EXPECTED = text("""
    SELECT CAST(:hour AS timestamptz) + hours * interval '1 h' FROM generate_series(-2, 1) AS hours
    UNION
    SELECT sold_hour + hours * interval '1 h'
    FROM (SELECT DISTINCT date_trunc('hour', sold_at, 'UTC') AS sold_hour FROM sale_observation) AS sold,
        generate_series(-2, 2) AS hours
""")
_CHANGED = text("""
    SELECT source_hour + hours * interval '1 h'
    FROM (SELECT DISTINCT source_hour FROM changed) AS source, generate_series(-2, 1) AS hours
    UNION
    SELECT sold_hour FROM changed
""")
_LAST = text("SELECT coalesce(max(place), 0) FROM ops.recent_load")
_TRANSACTIONS = text("""
    CREATE TEMP TABLE load_transaction ON COMMIT DROP AS
    SELECT hashtextextended(transaction_hash, 0) AS hash FROM sale_observation
    UNION
    SELECT hashtextextended(transaction_hash, 0) FROM retracted
""")
_OVERTAKEN = text("""
    SELECT EXISTS (
        SELECT
        FROM ops.recent_load, unnest(transactions) AS hash
        JOIN load_transaction USING (hash)
        WHERE place > :last
    )
""")
# A row is needed while a load is at work that decided before the row was committed: its transaction is older than the
# moment at which a later load first saw the row.
_RECORD = text("""
    DELETE FROM ops.recent_load WHERE seen_before <= pg_snapshot_xmin(pg_current_snapshot());
    UPDATE ops.recent_load SET seen_before = pg_snapshot_xmax(pg_current_snapshot()) WHERE seen_before IS NULL;
    INSERT INTO ops.recent_load (transactions) SELECT coalesce(array_agg(hash), '{}') FROM load_transaction
""")


class _MoreHours(Exception):
    def __init__(self, hours: set[datetime]) -> None:
        self.hours = hours


class _Overtaken(Exception):
    """A load that ended meanwhile changed sales by which this one decided."""


def lock_hour(connection: Connection, hour: Hour, log: Callable[[str], object]) -> None:
    """Begin the transaction of an hour's load; wait while another loader has the hour."""
    name = {"names": [f"hour {hour.key}"]}
    try:
        with connection.begin_nested():
            connection.execute(text("SET LOCAL lock_timeout = '100ms'"))
            connection.execute(_LOCK, name)
            connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
            raise
        log(f"{hour.key}: another loader has this hour; waiting for it")
        connection.execute(_LOCK, name)


def side_by_side(
    connection: Connection, hour: datetime, decide: Callable[[], object], apply: Callable[[], object]
) -> None:
    """Let a load decide and apply beside others, as if it were alone; the caller commits soon after.

    Loads that change the sales or the coverage of one hour wait for each other. `decide` fills the temporary table
    `changed` and changes nothing else; where that names more hours than are locked, it is rolled back and called again.
    Loads of different hours that report the same transaction do not wait: the later one to end is rolled back, and is
    repeated when no other load is at work.
    """
    hours = set(connection.scalars(_EXPECTED, {"hour": hour}))
    alone = False
    while True:
        try:
            with connection.begin_nested():
                if alone:
                    connection.execute(ALONE)
                    decide()
                    apply()
                else:
                    _beside_others(connection, hours, decide, apply)
        except _MoreHours as found:
            hours |= found.hours
        except _Overtaken:
            alone = True
        except DBAPIError as error:
            if alone or getattr(error.orig, "pgcode", None) not in _AGAIN:
                raise
            alone = True
        else:
            return


def _beside_others(
    connection: Connection, hours: set[datetime], decide: Callable[[], object], apply: Callable[[], object]
) -> None:
    connection.execute(_BESIDE)
    connection.execute(_LOCK, {"names": [f"sales {Hour(one).key}" for one in hours]})
    last = connection.scalar(_LAST)
    decide()
    if more := set(connection.scalars(_CHANGED)) - hours:
        raise _MoreHours(more)
    apply()
    connection.execute(_TRANSACTIONS)
    connection.execute(_LOCK, {"names": ["end"]})
    if connection.scalar(_OVERTAKEN, {"last": last}):
        raise _Overtaken
    connection.execute(_RECORD)
