"""A month out of the warehouse: its sales go into tables of their own, and what rolls them up stays."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tidemark.archive.record import EARLIEST
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.version import VERSION
from tidemark.loader.repair.postgres import open_windows
from tidemark.loader.warehouse.runs import require_migrated
from tidemark.loader.warehouse.turns import ALONE
from tidemark.storage.files import shipped
from tidemark.storage.postgres import DEADLOCK, LOCK_NOT_AVAILABLE, connected

_SQL: Path = shipped("sql") / "detach.sql"
_CLOSED = timedelta(days=31)  # as core.closed_before: a sale is scored by the 30 days around it
_KNOWN = text("SELECT detached_at FROM core.detached_month WHERE month = :month")
# what was received after its own month's hours can only leave with a later month
_EARLIER = text("""
    SELECT min(sold_at)
    FROM core.sale_row
    WHERE sold_at < :start
        AND date_trunc('month', sold_at AT TIME ZONE 'UTC')::date NOT IN (SELECT month FROM core.detached_month)
        AND coalesce(source_hour, date_bin('1 hour', received_at, 'epoch'))
            < (date_trunc('month', sold_at AT TIME ZONE 'UTC') + interval '1 month 31 days') AT TIME ZONE 'UTC'
""")
_NEWEST = text("SELECT max(source_hour) FROM ops.load_run")
_WAITING = text("SELECT min(day) FROM mart.stale_day WHERE day < :closed")
# hours that can never be loaded afterwards, since the first one or since earlier months were detached
_UNLOADED = text("""
    SELECT hour
    FROM generate_series(
        greatest((SELECT min(source_hour) FROM ops.load_run), core.closed_before()),
        :closed - interval '1 hour', interval '1 hour'
    ) AS hour
    WHERE hour NOT IN (SELECT source_hour FROM ops.load_run)
    ORDER BY hour
""")
# hours that an earlier load asked to be loaded again
_AGAIN = text("""
    SELECT source_hour
    FROM (
        SELECT DISTINCT ON (source_hour) source_hour, fingerprint
        FROM ops.load_run
        WHERE source_hour >= core.closed_before() AND source_hour < :closed
        ORDER BY source_hour, load_id DESC
    ) AS newest
    WHERE fingerprint = ''
    ORDER BY source_hour
""")
# until it commits no load begins, for lock_hour writes to this table; with ALONE no day is scored, either
_NO_LOADS = text("LOCK TABLE ops.load_lock IN SHARE MODE")
_DROP = text("SELECT ops.drop_months(:closed)")
_COUNT = text("""
    SELECT count(*), count(*) FILTER (WHERE sold_at < :start), coalesce(sum(pg_column_size(sale_row.*)), 0)
    FROM core.sale_row
    WHERE sold_at < :end
        AND coalesce(source_hour, date_bin('1 hour', received_at, 'epoch')) < :closed
""")


@dataclass(frozen=True, kw_only=True)
class Detached:
    """What leaves with a month: sales, the older ones among them, and the bytes of their rows.

    `closed` is until when hours can no longer be loaded, and `open_seconds` of them no collector covered.
    """

    month: date
    sales: int
    older: int
    bytes: int
    closed: datetime
    open_seconds: float


def detach(
    url: SecretStr,
    month: date,
    log: Callable[[str], object],
    *,
    dry_run: bool = False,
    allow_missing: bool = False,
    drop_within: float = 5,
) -> Detached:
    """Move the sales of a UTC month, with all that belongs to them, into tables of the schema `detached`.

    Older sales that were first received until its hours are closed go with them. In one transaction; loads wait
    meanwhile. Roll-ups, coverage and the books of loads stay. Raises Problem where the month cannot be detached, which
    changes nothing: also where hours that are closed with it were never loaded, unless `allow_missing`. Afterwards the
    tables of months that are empty are dropped, if no question holds them for more than `drop_within` seconds, in which
    others wait behind it.
    """
    start = datetime(month.year, month.month, 1, tzinfo=UTC)
    end = (start + _CLOSED).replace(day=1)
    closed = end + _CLOSED
    span = {"month": start.date(), "start": start, "end": end, "closed": closed}
    with connected(url) as connection:
        require_migrated(connection)
        if not dry_run:
            connection.execute(_NO_LOADS)
            connection.execute(ALONE)
        _require_detachable(connection, span, closed, allow_missing=allow_missing)
        sales, older, size = connection.execute(_COUNT, span).one()
        if sales == older:
            raise Problem(
                f"the warehouse has no sale of {start:%Y-%m} that was received before {closed:%Y-%m-%d}",
                "Check the month; a sale that was received later leaves with a later month",
            )
        windows = open_windows(connection, Hour.of(EARLIEST), Hour.of(closed).previous())
        found = Detached(
            month=start.date(), sales=sales, older=older, bytes=size, closed=closed,
            open_seconds=sum(window.seconds for window in windows),
        )  # fmt: skip
        if not dry_run:
            log(f"{start:%Y-%m}: moving {sales:,} sales; loads wait meanwhile")
            statements = _SQL.read_text().replace("{month}", f"{start:%Y_%m}")
            connection.execute(text(statements), {**span, "software": VERSION})
            connection.commit()
            _drop_empty(connection, closed, log, drop_within)
    return found


def _drop_empty(connection: Connection, closed: datetime, log: Callable[[str], object], within: float) -> None:
    """Drop the tables of months that are empty now; where a long question reads them, the next detaching does."""
    try:
        connection.execute(text(f"SET LOCAL lock_timeout = '{within}s'"))
        connection.execute(_DROP, {"closed": closed})
        connection.commit()
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) not in {LOCK_NOT_AVAILABLE, DEADLOCK}:
            raise
        connection.rollback()
        log("a question is being answered, so the emptied table of the month stays until the next month is detached")


def closed_before(connection: Connection) -> datetime | None:
    """Return the moment before which nothing is loaded any more; None where no month is detached."""
    found: datetime | None = connection.scalar(text("SELECT nullif(core.closed_before(), '-infinity')"))
    return found


def require_open(connection: Connection, hour: Hour) -> None:
    """Raise Problem for an hour of a detached month, or of the 31 days after one."""
    closed = closed_before(connection)
    if closed and hour.start < closed:
        raise Problem(
            f"{hour.key} cannot be loaded: sales of a month before {closed - _CLOSED:%Y-%m-%d} are detached, and with"
            f" them every hour before {closed:%Y-%m-%d} is closed",
            "Load it into another database (docs/backup.md); nothing was loaded here",
        )


def _require_detachable(
    connection: Connection, span: dict[str, date], closed: datetime, *, allow_missing: bool
) -> None:
    month = f"{span['start']:%Y-%m}"
    if known := connection.scalar(_KNOWN, span):
        raise Problem(f"{month} was detached at {known:%Y-%m-%d %H:%M}", "Its sales are in the schema detached")
    newest = connection.scalar(_NEWEST)
    if newest is None or newest < closed:
        raise Problem(
            f"{month} cannot be detached yet: the hours until {closed:%Y-%m-%d} have to be loaded first",
            "Sales are scored by the 30 days around them, so a month stays until 31 days after its end are loaded",
        )
    if earlier := connection.scalar(_EARLIER, span):
        raise Problem(f"the warehouse has earlier sales, of {earlier:%Y-%m}", f"Run: tidemark detach {earlier:%Y-%m}")
    _require_loaded(connection, span, allow_missing=allow_missing)
    if waiting := connection.scalar(_WAITING, span):
        raise Problem(f"{waiting} is not scored since its sales changed", "Run the DAG daily_marts first")


def _require_loaded(connection: Connection, span: dict[str, date], *, allow_missing: bool) -> None:
    closed = f"{span['closed']:%Y-%m-%d}"
    if again := connection.scalars(_AGAIN, span).all():
        raise Problem(
            f"{len(again):,} hours before {closed} have to be loaded again, the first {Hour.of(again[0]).key}",
            "Run the DAG reconcile_archive or `tidemark load HOUR` first: they cannot be loaded afterwards",
        )
    unloaded = connection.scalars(_UNLOADED, span).all()
    if unloaded and not allow_missing:
        raise Problem(
            f"{len(unloaded):,} hours before {closed} were never loaded, the first {Hour.of(unloaded[0]).key}",
            "Load them first, for they cannot be loaded afterwards; --allow-missing goes on without them",
        )
