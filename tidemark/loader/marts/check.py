"""A check: one file of `sql/checks/`, whose rows are wrong rows.

    -- Grain: one row per sighting without its sale.
    -- Wrong: A collector saw a sale that the warehouse does not hold.
    -- Next: Load the hour again with --force.

Its SQL takes `:hour`, the start of one archive hour; NULL checks the whole warehouse.
"""

import re
from dataclasses import dataclass
from typing import Self

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
