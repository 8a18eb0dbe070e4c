"""Checks that nothing in the warehouse is wrong: each is one file of `sql/checks/`, whose rows are wrong rows.

    -- Grain: one row per sighting without its sale.
    -- Wrong: A collector saw a sale that the warehouse does not hold.
    -- Next: Load the hour again with --force.

Its SQL takes `:hour`, the start of one archive hour; NULL checks the whole warehouse.
"""

import re
from dataclasses import dataclass
from typing import Self

from pydantic import SecretStr
from sqlalchemy import Connection, text

from tidemark.core.hour import Hour
from tidemark.storage.files import shipped
from tidemark.storage.postgres import connected

CHECKS = shipped("sql") / "checks"
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
    """A check that found wrong rows: how many, at most `LIMIT`, and the first of them by column name."""

    LIMIT = 100

    check: Check
    count: int
    first: dict[str, object]

    def __str__(self) -> str:
        count = f"{self.count} or more" if self.count == self.LIMIT else str(self.count)
        row = ", ".join(f"{name}={value}" for name, value in self.first.items())
        return f"{self.check.name}: {count} wrong rows. {self.check.wrong} {self.check.next} The first: {row}"


def checks() -> list[Check]:
    """Return every check of `sql/checks/`, in order of name."""
    return [Check.parse(file.stem, file.read_text()) for file in sorted(CHECKS.glob("*.sql"))]


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
