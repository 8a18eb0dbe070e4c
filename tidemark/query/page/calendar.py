"""The calendar of hours: four views of the same cells, each state with a sign, so that it reads without colour."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from itertools import groupby

from tidemark.core.hour import Hour
from tidemark.query.answer import shown
from tidemark.query.coverage import HourCoverage, State


class Mark(Enum):
    """How a state looks: its sign and its words; the name is its colour in `page.css`."""

    GOOD = "●"
    FILLED = "◆"
    PARTLY = "◐"
    BAD = "○"
    WARNING = "▲"
    UNKNOWN = "?"
    NOT_LOADED = "·"
    FUTURE = ""


VIEWS: dict[str, dict[Mark, str]] = {
    "coverage": {
        Mark.GOOD: "covered by at least one collector",
        Mark.FILLED: "complete after repair",
        Mark.PARTLY: "partly covered",
        Mark.BAD: "nothing covered",
        Mark.NOT_LOADED: "not loaded",
    },
    "repair": {
        Mark.GOOD: "nothing to repair",
        Mark.FILLED: "repaired from the Events API",
        Mark.BAD: "to be repaired",
        Mark.NOT_LOADED: "not loaded",
    },
    "audit": {
        Mark.GOOD: "audited, no sale missing",
        Mark.PARTLY: "audited, sales missing only in gaps",
        Mark.WARNING: "audited, the stream lost sales",
        Mark.UNKNOWN: "not audited",
        Mark.NOT_LOADED: "not loaded",
    },
    "load": {
        Mark.GOOD: "loaded",
        Mark.WARNING: "loaded, lines in quarantine",
        Mark.NOT_LOADED: "not loaded",
    },
}
_COVERAGE = {
    State.COVERED: Mark.GOOD,
    State.REPAIRED: Mark.FILLED,
    State.PARTLY: Mark.PARTLY,
    State.GAP: Mark.BAD,
    State.NOT_LOADED: Mark.NOT_LOADED,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour: its mark in each view, and a sentence for a pointer and for a screen reader."""

    hour: Hour
    marks: dict[str, Mark]
    title: str
    leads_on: bool  # whether there is something to show of it


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day with its 24 hours."""

    day: date
    cells: list[Cell]


def calendar_of(coverage: Iterable[HourCoverage], now: datetime) -> list[Day]:
    """Return the days of a range, the newest first, without those in the future.

    The range has to begin and end with a day.
    """
    cells = (_cell(each, now) for each in coverage)
    days = [Day(day, list(hours)) for day, hours in groupby(cells, lambda cell: cell.hour.start.date())]
    return [day for day in reversed(days) if day.day <= now.date()]


def marks_of(each: HourCoverage) -> dict[str, Mark]:
    """Return the mark of an hour in each view."""
    row = each.row
    if not row:
        return dict.fromkeys(VIEWS, Mark.NOT_LOADED)
    repair = Mark.BAD if row["open_s"] else Mark.FILLED if row["repaired_percent"] else Mark.GOOD
    audit = Mark.UNKNOWN
    if row["audited_share"] is not None:
        audit = Mark.WARNING if row["api_unseen"] else Mark.PARTLY if row["api_unseen_uncovered"] else Mark.GOOD
    load = Mark.WARNING if row["quarantined"] else Mark.GOOD
    return {"coverage": _COVERAGE[each.state], "repair": repair, "audit": audit, "load": load}


def _cell(each: HourCoverage, now: datetime) -> Cell:
    hour, row = each.hour, each.row
    if not row and hour.end > now:
        words = "is not over yet" if hour.start <= now else "lies in the future"
        return Cell(hour, dict.fromkeys(VIEWS, Mark.FUTURE), f"{_time(hour)} {words}", leads_on=False)
    marks = marks_of(each)
    if not row:
        return Cell(hour, marks, f"{_time(hour)} not loaded", leads_on=True)
    parts = [f"{view}: {VIEWS[view][mark]}" for view, mark in marks.items() if view != "load"]
    covered, sales = row["covered_percent"], row["sales"]
    title = f"{_time(hour)} {shown(covered)} % covered, {shown(sales)} sales; {'; '.join(parts)}"
    return Cell(hour, marks, title, leads_on=True)


def _time(hour: Hour) -> str:
    return f"{hour.start:%Y-%m-%d %H}:00 UTC"


@dataclass(frozen=True, slots=True)
class Missing:
    """An hour that is not wholly known, or several in a row that were not loaded (`last` is included)."""

    first: Hour
    last: Hour
    what: str
    reasons: list[str]


def missing_of(coverage: Sequence[HourCoverage], now: datetime) -> list[Missing]:
    """Return what is missing of the hours that are over, and why, the newest first."""
    past = [each for each in coverage if each.hour.end <= now]
    found: list[Missing] = []
    for loaded, group in groupby(past, lambda each: bool(each.row)):
        hours = list(group)
        if not loaded:
            what = "not loaded" if len(hours) == 1 else f"{len(hours)} hours not loaded"
            found.append(Missing(hours[0].hour, hours[-1].hour, what, []))
            continue
        found += [_open(each) for each in hours if each.row["open_s"]]
    return found[::-1]


def _open(each: HourCoverage) -> Missing:
    return Missing(each.hour, each.hour, f"{duration(each.row['open_s'])} open", reasons_of(each.row["gaps"]))


def reasons_of(gaps: object) -> list[str]:
    """Return `collector: reason 12 min, …` for each collector of `hour_quality.gaps`."""
    if not isinstance(gaps, dict):
        return []
    return [
        f"{collector}: "
        + ", ".join(f"{reason.replace('_', ' ')} {duration(seconds)}" for reason, seconds in by.items())
        for collector, by in gaps.items()
    ]


def duration(seconds: object) -> str:
    """Write seconds for a person: `0.5 s`, `59 s`, `12 min`, `1 h`."""
    if not isinstance(seconds, int | float | Decimal):
        return ""
    whole = float(seconds)
    if whole < 1:
        return f"{whole:.1g} s"
    if whole < 90:  # noqa: PLR2004
        return f"{whole:.0f} s"
    return f"{whole / 60:.0f} min" if whole < 3600 else f"{whole / 3600:.3g} h"  # noqa: PLR2004
