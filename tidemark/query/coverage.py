"""The coverage of a range of hours: the state of each, as a strip of characters and as a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from itertools import groupby
from typing import Literal

from rich.table import Table
from rich.text import Text

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour, hours
from tidemark.query.answer import Answer, shown

_LONGEST = timedelta(days=366)
_COLUMNS = {
    "covered_percent": "covered %",
    "covered_twice_percent": "twice %",
    "repaired_percent": "repaired %",
    "sales": "sales",
    "seen_by": "seen by",
    "open_s": "open s",
    "recovered": "recovered",
    "quarantined": "quarantined",
    "gaps": "gaps, seconds",
}
_MISSED = "missed by all: a lower bound,\nblind to what OpenSea sent\nto no collector"


class State(Enum):
    """The state of an hour: its name, its character in a strip, and its colour."""

    COVERED = ("covered", "█", "green")
    REPAIRED = ("repaired", "▓", "cyan")
    PARTLY = ("partly", "▒", "yellow")
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
    def loss(self) -> str:
        """The measured loss of the stream in percent, with its interval; empty where the hour was not audited."""
        shares = [self.row.get(name) for name in ("loss", "loss_low", "loss_high")]
        loss, low, high = (f"{share:.3%}" if isinstance(share, Decimal) else "" for share in shares)
        return f"{loss} ({low} to {high})" if loss else ""

    @property
    def audited(self) -> str:
        """The audited share in percent, and how many sales the Events API knows of it; empty where there was none."""
        share = self.row.get("audited_share")
        return f"{share:.0%} {shown(self.row['api_sales'])}" if isinstance(share, Decimal) else ""

    @property
    def missed(self) -> str:
        """The estimate of what all collectors missed, with its interval; empty where there is none."""
        estimate, low, high = (shown(self.row.get(f"missed_{name}")) for name in ("estimate", "low", "high"))
        return f"{estimate} ({low} to {high})" if estimate else ""


def coverage_of(answer: Answer, first: Hour | None, last: Hour | None) -> list[HourCoverage]:
    """Return every hour from `first` to `last`; None means the first or the last hour that was loaded.

    Raises Problem for a range that runs backwards or is longer than a year.
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
        raise Problem(f"{first} to {last} is not a range of at most a year", "Put the earlier hour into --from")
    return [HourCoverage(hour, rows.get(hour, {})) for hour in hours(first, last)]


def strip(coverage: Iterable[HourCoverage]) -> Text:
    """Return one line per UTC day with a character per hour, and the legend below."""
    days: dict[date, list[str | Text]] = {}
    for each in coverage:
        marks = days.setdefault(each.hour.start.date(), [" "] * 24)
        marks[each.hour.start.hour] = each.state.marked
    lines = [Text.assemble(f"{day}  ", *marks[:12], " ", *marks[12:]) for day, marks in days.items()]
    legend = Text("   ").join(_named(state) for state in State)
    return Text("\n").join([Text(f"{'UTC':<10}  00    06     12    18"), *lines, Text(), legend])


def table(coverage: Iterable[HourCoverage]) -> Table:
    """Return one row per hour; successive hours that were not loaded share one."""
    table = Table(header_style="bold", show_edge=False)
    for name in ("hour", "state", *_COLUMNS.values(), "audited, sales", "stream loss", _MISSED):
        justify: Literal["left", "right"] = "left" if name in ("hour", "state", "seen by", "gaps, seconds") else "right"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name in ("hour", "state"))
    for loaded, group in groupby(coverage, lambda each: bool(each.row)):
        listed = list(group)
        if not loaded and len(listed) > 1:
            table.add_row(f"{listed[0].hour} to\n{listed[-1].hour}", _named(State.NOT_LOADED))
            continue
        for each in listed:
            cells = (shown(each.row.get(column)) for column in _COLUMNS)
            table.add_row(each.hour.key, _named(each.state), *cells, each.audited, each.loss, each.missed)
    return table


def _named(state: State) -> Text:
    return Text.assemble(state.marked, f" {state.title}")


def as_rows(coverage: Iterable[HourCoverage]) -> Answer:
    """Return the same as an answer for scripts: hour, state, and the columns of `hour_quality`."""
    listed = list(coverage)
    columns = tuple(dict.fromkeys(name for each in listed for name in each.row if name != "hour"))
    rows = [(each.hour.key, each.state.title, *(each.row.get(name) for name in columns)) for each in listed]
    return Answer(("hour", "state", *columns), rows)
