"""Checks that nothing in the warehouse is wrong: each is one file of `sql/checks/`, whose rows are wrong rows.

    -- Grain: one row per sighting without its sale.
    -- Wrong: A collector saw a sale that the warehouse does not hold.
    -- Next: Load the hour again with --force.

Its SQL takes `:hour`, the start of one archive hour; NULL checks the whole warehouse.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self, cast

from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.warehouse.runs import require_migrated
from tidemark.storage.failures import failure_of
from tidemark.storage.files import shipped
from tidemark.storage.interrupt import interruptible, is_interrupted
from tidemark.storage.postgres import FORBIDDEN, connected
from tidemark.storage.postgres_errors import statement_failure

CHECKS = shipped("sql") / "checks"
# as for questions; functions that are called for each collection would be compiled again at each call
_SESSION = (
    "SET TRANSACTION READ ONLY; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL constraint_exclusion = off"
)
# MATERIALIZED, so that a check is planned for all its rows, and not for the first
_COUNTED = """
WITH found AS MATERIALIZED (
{sql}
)
SELECT found.*, (SELECT count(*) FROM found)
FROM found
LIMIT :most
"""
_HEADER = re.compile(r"-- Grain: .+\n-- Wrong: (?P<wrong>.+)\n-- Next: (?P<next>.+)\n")


@dataclass(frozen=True, slots=True)
class Check:
    """A named check: what its rows mean, and what to do about them."""

    name: str
    wrong: str
    next: str
    sql: str

    @classmethod
    def parse(cls, name: str, sql: str) -> Self:
        """Read a check's file. Raises ValueError where the three lines of its header are not there."""
        if not (found := _HEADER.match(sql)):
            raise ValueError(f"the check {name!r} needs '-- Grain: …', '-- Wrong: …' and '-- Next: …' at its top")
        return cls(name, found["wrong"], found["next"], sql)


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that found wrong rows: how many, and the first of them."""

    check: Check
    count: int
    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]

    def __str__(self) -> str:
        row = ", ".join(f"{name}={value}" for name, value in zip(self.columns, self.rows[0], strict=True))
        return f"{self.check.name}: {self.count} wrong rows. {self.check.wrong} {self.check.next} The first: {row}"


def checks() -> list[Check]:
    """Return every check of `sql/checks/`, in order of name."""
    return [Check.parse(file.stem, file.read_text()) for file in sorted(CHECKS.glob("*.sql"))]


def run_checks(url: SecretStr, hour: Hour | None = None) -> list[Failure]:
    """Run every check over one archive hour, or over the whole warehouse, and return those that found wrong rows.

    Reads only, needs the loader's rights. Raises Problem where the warehouse does not answer.
    """
    with connected(url) as connection:
        connection.execute(text(_SESSION))
        failures = [_found(connection, check, hour, 1) for check in checks()]
    return [failure for failure in failures if failure]


def each_check(url: SecretStr, chosen: Iterable[Check], most: int) -> Iterator[tuple[Check, Failure | None]]:
    """Run checks over the whole warehouse, and yield each as it ends with at most `most` of its wrong rows.

    Each has a transaction of its own, so that what waits for a table waits for one of them. Reads only, needs the
    loader's rights. Raises Problem where the warehouse does not answer, is not migrated, or does not let this user read
    or read for so long, and KeyboardInterrupt as soon as a person has had enough.
    """
    with connected(url) as connection, interruptible():
        with _worded("the look for migrations"):
            require_migrated(connection)
        connection.rollback()
        for check in chosen:
            with _worded(f"the check {check.name}"):
                connection.execute(text(_SESSION))
                failure = _found(connection, check, None, most)
            connection.rollback()
            yield check, failure


def _found(connection: Connection, check: Check, hour: Hour | None, most: int) -> Failure | None:
    values = {"hour": hour.start if hour else None, "most": most}
    result = connection.execute(text(_COUNTED.format(sql=check.sql)), values)
    *columns, _ = result.keys()
    rows = [tuple(row) for row in result]
    return Failure(check, cast("int", rows[0][-1]), tuple(columns), [row[:-1] for row in rows]) if rows else None


@contextmanager
def _worded(what: str) -> Iterator[None]:
    """Say of a statement that fails which one it was, and what to do."""
    try:
        yield
    except DBAPIError as error:
        if is_interrupted(error):
            raise KeyboardInterrupt from error
        if error.orig and getattr(error.orig, "pgcode", None) == FORBIDDEN:
            raise Problem(f"this user may not read all that is checked: {statement_failure(error.orig)}",
                          "Ask its owner for: GRANT tidemark_loader TO your user") from error  # fmt: skip
        if failure := failure_of(error):
            raise Problem(f"{what} did not end: {failure.what}", failure.hint) from error
        raise
