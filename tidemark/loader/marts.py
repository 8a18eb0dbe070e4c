"""Keeping the marts right: days that loads changed are scored, and fees classified; what that means is `sql/marts/`."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from pydantic import SecretStr
from sqlalchemy import Connection, text

from tidemark.loader.warehouse.turns import ALONE
from tidemark.storage.files import shipped
from tidemark.storage.postgres import connected

MARTS = shipped("sql") / "marts"
_FEES = MARTS / "daily_4_fees.sql"
_MARKET = sorted(MARTS.glob("daily_5_*.sql"))
_LOCK = MARTS / "daily_0_lock.sql"
_OLDEST = text("SELECT min(day) FROM mart.stale_day")
_ANALYZE = text("SELECT ops.analyze_sales()")
_OPEN = text("SELECT :day >= core.sales_closed_before()")
_DAYS = text(
    "SELECT DISTINCT (sold_at AT TIME ZONE 'UTC')::date FROM core.sale_row"
    " WHERE fees IS NOT NULL AND sold_at >= core.sales_closed_before() ORDER BY 1"
)
_KINDS = text("""
    SELECT coalesce(sum(CASE WHEN marketplace_fee_raw > 0 THEN 1 END), 0),
        coalesce(sum(CASE WHEN royalty_raw > 0 THEN 1 END), 0),
        coalesce(sum(CASE WHEN other_fee_raw > 0 THEN 1 END), 0)
    FROM core.sale
    WHERE fees IS NOT NULL
""")


def refresh_days(url: SecretStr, log: Callable[[str], object] = print) -> list[date]:
    """Score every day that loads have changed since it was last scored, oldest first, and return them.

    Each day is one transaction: flags, then `collection_daily`, `collection_hourly`, `wallet_daily`, fees and the
    roll-ups of the whole market. Safe beside loads and beside another refresh. Raises Problem where the warehouse does
    not answer.
    """
    scored = []
    with connected(url) as connection:
        # one by one: a day can make an implausible price of a later one, which then waits again
        while day := _next_day(connection):
            for file in sorted(MARTS.glob("daily_*.sql")):
                connection.execute(text(file.read_text()), _values(day))
            connection.commit()
            log(f"{day}: scored for wash trades, daily tables rebuilt")
            scored.append(day)
        connection.execute(_ANALYZE)
        connection.commit()
    return scored


def _next_day(connection: Connection) -> date | None:
    """Return the day to be scored next; the gate of loads is closed then, so that it is not detached meanwhile."""
    if connection.scalar(_OLDEST) is None:
        return None
    connection.execute(ALONE)
    day: date | None = connection.scalar(_OLDEST)
    return day


def _values(day: date) -> dict[str, datetime]:
    return {"day": datetime.combine(day, time(), UTC)}


class Kinds(NamedTuple):
    """How many sales pay a fee of each kind."""

    marketplace: int
    royalty: int
    other: int


class Classified(NamedTuple):
    """What was done: sales by kind of fee before and after, and how many sales changed on each day that did."""

    before: Kinds
    after: Kinds
    changed: dict[date, int]


def classify_fees(url: SecretStr, log: Callable[[str], object] = print) -> Classified:
    """Classify the fees of every loaded sale by core.fee_recipient as it is now, day by day, each in a transaction.

    Safe to repeat, beside loads and after an interruption: what is classified already does not change. Raises Problem
    where the warehouse does not answer.
    """
    changed: dict[date, int] = {}
    with connected(url) as connection:
        before = Kinds(*connection.execute(_KINDS).one())
        days = connection.scalars(_DAYS).all()
        connection.commit()
        for day in days:
            connection.execute(text(_LOCK.read_text()), _values(day))
            if not connection.scalar(_OPEN, _values(day)):  # it was detached meanwhile
                connection.rollback()
                continue
            if sales := connection.execute(text(_FEES.read_text()), _values(day)).rowcount:
                for file in _MARKET:
                    connection.execute(text(file.read_text()), _values(day))
                changed[day] = sales
                log(f"{day}: {sales:,} sales classified otherwise")
            connection.commit()
        after = Kinds(*connection.execute(_KINDS).one())
    refresh_days(url, log)
    return Classified(before, after, changed)
