"""The fees of loaded sales, classified again after core.fee_recipient changed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from pydantic import SecretStr
from sqlalchemy import Connection, text

from tidemark.loader.marts.postgres import MARTS, refresh_days
from tidemark.storage.postgres import connected

_FEES = MARTS / "daily_4_fees.sql"
_LOCK = MARTS / "daily_0_lock.sql"
_DAYS = text("SELECT DISTINCT (sold_at AT TIME ZONE 'UTC')::date FROM core.sale WHERE fees IS NOT NULL ORDER BY 1")
_KINDS = text("""
    SELECT coalesce(sum(CASE WHEN marketplace_fee_raw > 0 THEN 1 END), 0),
        coalesce(sum(CASE WHEN royalty_raw > 0 THEN 1 END), 0),
        coalesce(sum(CASE WHEN other_fee_raw > 0 THEN 1 END), 0)
    FROM core.sale
    WHERE fees IS NOT NULL
""")


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


def classify_fees(url: SecretStr, say: Callable[[str], object] = print) -> Classified:
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
            if sales := _classify(connection, day):
                changed[day] = sales
                say(f"{day}: {sales:,} sales classified otherwise")
            connection.commit()
        after = Kinds(*connection.execute(_KINDS).one())
    refresh_days(url, say)
    return Classified(before, after, changed)


def _classify(connection: Connection, day: date) -> int:
    """Return how many sales of a day changed."""
    values = {"day": datetime.combine(day, time(), UTC)}
    connection.execute(text(_LOCK.read_text()), values)
    return connection.execute(text(_FEES.read_text()), values).rowcount
