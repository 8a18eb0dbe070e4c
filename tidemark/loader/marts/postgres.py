"""Days scored and checks run, in the warehouse."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time

from pydantic import SecretStr
from sqlalchemy import Connection, text

from tidemark.core.hour import Hour
from tidemark.loader.marts.check import Check, Failure
from tidemark.storage.postgres import connected
from tidemark.storage.shipped import shipped

SQL = shipped("sql")
MARTS = SQL / "marts"


def refresh_days(url: SecretStr, say: Callable[[str], object] = print) -> list[date]:
    """Score every day that loads have changed since it was last scored, oldest first, and return them.

    Each day is one transaction: flags, then `collection_daily`, `collection_hourly` and `wallet_daily`. Safe beside
    loads and beside another refresh. Raises Problem where the warehouse does not answer.
    """
    scored = []
    with connected(url) as connection:
        # one by one: a day can make an implausible price of a later one, which then waits again
        while day := connection.scalar(text("SELECT min(day) FROM mart.stale_day")):
            _score(connection, day)
            connection.commit()
            say(f"{day}: scored for wash trades and implausible prices, daily tables rebuilt")
            scored.append(day)
    return scored


def _score(connection: Connection, day: date) -> None:
    start = datetime.combine(day, time(), UTC)
    for file in sorted(MARTS.glob("daily_*.sql")):
        connection.execute(text(file.read_text()), {"day": start})


def checks() -> list[Check]:
    """Return every check of `sql/checks/`, in order of name."""
    return [Check.parse(file.stem, file.read_text()) for file in sorted((SQL / "checks").glob("*.sql"))]


def run_checks(url: SecretStr, hour: Hour | None = None) -> list[Failure]:
    """Run every check over one archive hour, or over the whole warehouse, and return those that found wrong rows.

    Reads only, needs the loader's rights. Raises Problem where the warehouse does not answer.
    """
    with connected(url) as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        failures = [_run(connection, check, hour) for check in checks()]
    return [failure for failure in failures if failure]


def _run(connection: Connection, check: Check, hour: Hour | None) -> Failure | None:
    result = connection.execute(text(check.sql), {"hour": hour.start if hour else None}).mappings()
    rows = result.fetchmany(Failure.LIMIT)
    return Failure(check, len(rows), dict(rows[0])) if rows else None
