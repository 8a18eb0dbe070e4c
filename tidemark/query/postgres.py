"""Asking the warehouse, read-only."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, StatementError

from tidemark.core.errors import Problem
from tidemark.core.hour import LENGTH, Hour
from tidemark.query.answer import NOTHING_LOADED, Answer, none_found, shown, unknown_name
from tidemark.query.parameter import OLDEST, Value, values_of
from tidemark.query.question import Question
from tidemark.storage.interrupt import CANCELLED, interruptible, is_interrupted
from tidemark.storage.postgres import FORBIDDEN, connected
from tidemark.storage.postgres_errors import statement_failure

# A question reads hundreds of thousands of rows and is asked by one person: its sums fit in memory. That no filter
# contradicts a CHECK need not be found out for every month: it is a third of the time in which a question is planned.
SESSION = (
    "SET TRANSACTION READ ONLY; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL constraint_exclusion = off"
)
_NEWEST = "SELECT max(hour) + interval '1 hour' FROM mart.hour_quality"
_FIRST = "SELECT min(hour) FROM mart.hour_quality"
_HOURS = "SELECT count(*) FROM mart.hour_quality WHERE hour >= :first AND hour < :to"
# the names in order, one look at the index for each
_NAMES = """
WITH RECURSIVE name AS (
    (SELECT {column} AS name FROM core.sale WHERE {column} IS NOT NULL ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM core.sale WHERE {column} > name.name ORDER BY {column} LIMIT 1)
    FROM name WHERE name.name IS NOT NULL
)
SELECT name FROM name WHERE name IS NOT NULL LIMIT 100000
"""
_IN_MARKET = "SELECT EXISTS (SELECT FROM mart.market_hourly WHERE {column} = :name)"
# what a question needs of an hour of the market: what it is called, how it is recognised, and what keeps it
_NEEDS = {
    "market": ("the market is known", "is_known", "A load of all collectors counts it"),
    "orders": ("single orders are kept", "is_known AND book_depth > 0", "TIDEMARK_BOOK_DEPTH keeps them"),
    "transfers": ("single transfers are kept", "is_known AND has_transfers", "TIDEMARK_TRANSFERS keeps them"),
}
_KEPT = """
SELECT count(*) FROM mart.market_hour
WHERE {kept} AND hour >= coalesce(CAST(:first AS timestamptz), '-infinity')
    AND hour < coalesce(CAST(:to AS timestamptz), 'infinity')
"""
_DETACHED = "SELECT max(month + interval '1 month') AT TIME ZONE 'UTC' FROM core.detached_month"
_READS_SALES = re.compile(r"\b(mart\.sales|mart\.sale_fees|mart\.sale_flags|core\.sale)\b")
_READS_ROLL_UPS = re.compile(r"\bSELECT day, from_at, to_at, (.+) AS is_rolled_up\n")
# days that had sales and of which single ones are read all the same: by that condition of the question's own
_READS_SALES_OF_A_DAY = """
SELECT EXISTS (
    SELECT FROM mart.days_of(:from, :to) JOIN mart.market_daily USING (day)
    WHERE chain IS NULL AND NOT ({is_rolled_up}) AND from_at < :before
)
"""
_READS_BOOK = re.compile(r"\bmart\.(book|order_intervals)\b")
_UNSCORED = """
SELECT count(DISTINCT day), min(day), max(day)
FROM mart.stale_day
WHERE day >= (CAST(:from AS timestamptz) AT TIME ZONE 'UTC')::date
    AND day < ((CAST(:to AS timestamptz) + interval '23:59:59.999999') AT TIME ZONE 'UTC')::date
"""
_READS_SCORED_DAYS = re.compile(r"\bmart\.stale_day\b")
_LEAVES_OUT_SUSPECTS = re.compile(r"\bis_suspect IS NOT TRUE\b")
_COLUMNS = {"collection": "collection_slug", "chain": "chain"}
_NOT_MIGRATED = ("42P01", "3F000", "42703")  # undefined table, schema, column
_MISSING = re.compile(r"bind parameter '(\w+)'")


def ask(url: SecretStr, question: Question, given: Mapping[str, str]) -> Answer:
    """Answer a question with the parameters a person gave as text.

    The session is read-only, and values travel as bound parameters. Raises Problem for a parameter that is
    wrong or missing, for a database that is down, not migrated or closed to this user, and KeyboardInterrupt as soon
    as a person has had enough.
    """
    with connected(url) as connection, interruptible():
        try:
            connection.execute(text(SESSION))
            newest, now = connection.scalar(text(_NEWEST)), datetime.now(UTC)
            if newest is None:  # no range has anything, and none is wrong
                given = {name: wanted for name, wanted in given.items() if name not in ("from", "to")}
            values = values_of(question.parameters, given, newest or Hour.of(now).end, now)
            result = connection.execute(text(question.sql), values)
            types = cast("tuple[int, ...]", tuple(kind for _, kind, *_ in result.cursor.description))
            rows = [tuple(row) for row in result]
            if newest is None and not rows:
                return Answer(tuple(result.keys()), rows, types, {}, question.kinds, NOTHING_LOADED)
            why = "" if rows else _why_empty(connection, question, values)
            lacks = " ".join(said for find in (_detached, _unscored) if (said := find(connection, question, values)))
            return Answer(tuple(result.keys()), rows, types, values, question.kinds, why, lacks)
        except DBAPIError as error:
            _tell(error)
            raise
        except StatementError as error:
            missing = _MISSING.search(str(error.orig))
            why = f"it reads :{missing[1]}" if missing else "a value cannot be sent"
            raise Problem(f"sql/queries/{question.name}.sql does not fit its parameters: {why}",
                          "Name each one as in its lines '-- Parameter: …'") from error  # fmt: skip


def known_names(url: SecretStr, parameter: str) -> list[str]:
    """Return the collections or chains of the sales in the warehouse, in order; none where a parameter is neither.

    Gives up after two seconds, for a shell waits for them. Raises Problem where the warehouse does not answer.
    """
    if parameter not in _COLUMNS:
        return []
    with connected(url) as connection:
        connection.execute(text(f"{SESSION}; SET LOCAL statement_timeout = '2s'"))
        return list(connection.scalars(text(_NAMES.format(column=_COLUMNS[parameter]))))


def unknown(connection: Connection, parameter: str, wanted: str) -> Problem | None:
    """Return what is wrong with the name of a collection or a chain; None where a sale or the market has it."""
    column = _COLUMNS[parameter]
    if connection.scalar(text(_IN_MARKET.format(column=column)), {"name": wanted}):
        return None
    known = connection.scalars(text(_NAMES.format(column=column))).all()
    return None if wanted in known else unknown_name(parameter, wanted, known)


def _detached(connection: Connection, question: Question, values: Mapping[str, Value]) -> str:
    """Say which sales a question asked for that are detached; roll-ups have them."""
    reads_book = _READS_BOOK.search(question.sql)
    before = connection.scalar(text(_DETACHED)) if reads_book or _READS_SALES.search(question.sql) else None
    if before is None:
        return ""
    start = values.get("from")
    begin = before + LENGTH if reads_book else before  # as mart.book_coverage
    if not question.looks_back and isinstance(start, datetime) and start >= begin:
        return ""
    if reads := _READS_ROLL_UPS.search(question.sql):
        sales_of_a_day = text(_READS_SALES_OF_A_DAY.format(is_rolled_up=reads[1]))
        if not connection.scalar(sales_of_a_day, {**values, "before": before}):
            return ""
    without = f"no book of orders begins before {begin:%Y-%m-%d %H:%M}" if reads_book else "this answer is without them"
    return f"Sales before {before:%Y-%m-%d} are detached from the warehouse: {without}."


def _unscored(connection: Connection, question: Question, values: Mapping[str, Value]) -> str:
    """Say which days asked about wait to be scored, where that changes what the answer means."""
    if not {"from", "to"} <= values.keys():  # it asks for no days
        return ""
    if _READS_SCORED_DAYS.search(question.sql):
        without = "this answer is without them"
    elif _LEAVES_OUT_SUSPECTS.search(question.sql):
        without = "their suspects are not known and not left out"
    else:
        return ""
    days, first, last = connection.execute(text(_UNSCORED), values).one()
    which = f"Sales of {first} are" if days == 1 else f"Sales of {days} days from {first} to {last} are"
    return f"{which} not scored yet, which the DAG daily_marts does: {without}." if days else ""


def _why_empty(connection: Connection, question: Question, values: Mapping[str, Value]) -> str:
    """Say why a question had no rows: an unknown name, hours that were not loaded or kept, or nothing in them."""
    for name in _COLUMNS:
        wanted = values.get(name)
        if isinstance(wanted, str) and (problem := unknown(connection, name, wanted)):
            return f"No rows: {problem.what}. {problem.hint}"
    what, condition, remedy = _NEEDS.get(question.needs, ("", "true", ""))
    kept = text(_KEPT.format(kept=condition))
    match values:
        case {"from": datetime() as start, "to": datetime() as end}:
            first = Hour.of(start).start
            begin = connection.scalar(text(_FIRST)) if start == OLDEST else None
            if begin and begin < end:  # of all that there is, what was never recorded is no part
                first = begin
            loaded = connection.scalar(text(_HOURS), {"first": first, "to": end})
            if loaded and question.needs and not connection.scalar(kept, {"first": first, "to": end}):
                return f"No rows: in none of the {loaded:,} hours asked about that are loaded {what}. {remedy}."
            what = "such an event" if question.needs else "such a sale"
            what += " of a scored day" if _READS_SCORED_DAYS.search(question.sql) else ""
            what += f" of the wallet {shown(values['wallet'])}" if values.get("wallet") else ""
            return none_found(loaded, -(-(end - first) // LENGTH), what)
    if question.needs and not connection.scalar(kept, {"first": None, "to": values.get("to")}):
        return f"No rows: in no hour {what}. {remedy}."
    given = ", ".join(f"{name} {wanted}" for name, wanted in values.items() if isinstance(wanted, str))
    return f"No rows: the warehouse has none{f' of {shown(given)}' if given else ''}."


def _tell(error: DBAPIError) -> None:
    """Raise what a person can act on; return where the connection was lost."""
    if is_interrupted(error):
        raise KeyboardInterrupt from error
    if problem := problem_of_query(error):
        raise problem from error


def problem_of_query(error: DBAPIError) -> Problem | None:
    """Return what the server refused, and what to do; None where the connection was lost."""
    state = getattr(error.orig, "pgcode", None)
    if state is None or error.orig is None:
        return None
    said = statement_failure(error.orig)
    if state == CANCELLED:
        return Problem("the question took longer than this user may", "Ask for a shorter time or one collection")
    if state in _NOT_MIGRATED:
        return Problem(f"the warehouse lacks what this question reads: {said}",
                       "Run: tidemark migrate. In a question of your own, check the names")  # fmt: skip
    if state == FORBIDDEN:
        return Problem(f"this user may not read the warehouse: {said}",
                       "Ask its owner for: GRANT tidemark_reader TO your user")  # fmt: skip
    return Problem(f"the question failed: {said}", "Report it together with the question's name and parameters")
