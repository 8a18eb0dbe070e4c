"""The coverage of a range of hours: the state of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum

from rich.text import Text

from tidemark.core.errors import UsageError
from tidemark.core.hour import LENGTH, Hour, hours
from tidemark.query.answer import Answer

_LONGEST = timedelta(days=366)
RANGE_HINT = "Put the earlier hour into --from, and into --to one at most a year later"


class State(Enum):
    """The state of an hour: its name, its character in a strip, and its colour."""

    COVERED = ("covered", "█", "green")
    REPAIRED = ("repaired", "▓", "cyan")
    PARTLY = ("partly covered", "▒", "yellow")
    GAP = ("gap", "░", "red")
    NOT_LOADED = ("not loaded", "·", "dim")

    @property
    def title(self) -> str:
        """The state in words."""
        return self.value[0]

    @property
    def marked(self) -> Text:
        """The state's character in its colour."""
        _, character, colour = self.value
        return Text(character, style=colour)


@dataclass(frozen=True, slots=True)
class HourCoverage:
    """One hour, with its row of the question `hour_quality` by column name; empty when it was not loaded."""

    hour: Hour
    row: dict[str, object]

    @property
    def state(self) -> State:
        """The state of the hour; covered means that at least one collector covered every moment of it."""
        if not self.row:
            return State.NOT_LOADED
        if not self.row["open_s"]:
            return State.REPAIRED if self.row["repaired_percent"] else State.COVERED
        return State.PARTLY if self.row["covered_percent"] or self.row["repaired_percent"] else State.GAP

    @property
    def is_whole(self) -> bool:
        """Whether collectors covered every moment of it; a repair, which brings nothing but sales, does not do."""
        return self.state is State.COVERED

    def amount(self, name: str) -> Decimal:
        """Return a column's number; 0 where it has none."""
        value = self.row.get(name)
        return Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)

    @property
    def reasons(self) -> dict[str, float]:
        """Seconds that were not covered, by reason, the longest first; of several collectors the longest."""
        found: dict[str, float] = {}
        gaps = self.row.get("gaps")
        for reasons in gaps.values() if isinstance(gaps, dict) else ():
            for reason, seconds in reasons.items():
                found[reason] = max(found.get(reason, 0.0), float(seconds))
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def coverage_of(answer: Answer, first: Hour | None, last: Hour | None) -> list[HourCoverage]:
    """Return every hour from `first` to `last`; None means the first or the last hour that was loaded.

    Raises UsageError for a range that runs backwards or is longer than a year.
    """
    rows = {}
    for row in answer.rows:
        named = dict(zip(answer.columns, row, strict=True))
        if isinstance(named["hour"], datetime):
            rows[Hour.of(named["hour"])] = named
    first, last = first or min(rows, default=None), last or max(rows, default=None)
    if first is None or last is None:
        return []
    if not timedelta(0) <= last.start - first.start <= _LONGEST:
        raise UsageError(f"{first} to {last} is not a range of at most a year", RANGE_HINT)
    return [HourCoverage(hour, rows.get(hour, {})) for hour in hours(first, last)]


def since(last: Hour, now: datetime) -> int:
    """Return how many hours after `last` are over."""
    return max(0, (Hour.of(now).start - last.end) // LENGTH)


def nothing_after(newest: Hour, now: datetime) -> str:
    """Say how many hours after the newest that is loaded are over; nothing where none is."""
    behind = since(newest, now)
    return f"Nothing after {newest} is loaded: {behind:,} hour{'' if behind == 1 else 's'}." if behind else ""


def as_rows(coverage: Iterable[HourCoverage]) -> Answer:
    """Return the same as an answer for scripts: hour, state, and the columns of `hour_quality`."""
    listed = list(coverage)
    columns = tuple(dict.fromkeys(name for each in listed for name in each.row if name != "hour"))
    rows = [(each.hour.key, each.state.title, *(each.row.get(name) for name in columns)) for each in listed]
    return Answer(("hour", "state", *columns), rows)
