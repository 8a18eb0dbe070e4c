"""One hour in detail: its collectors side by side with their gaps, its counts, and the loads that brought it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from tidemark.archive.reasons import explain
from tidemark.core.hour import LENGTH, Hour
from tidemark.core.spans import union
from tidemark.query.answer import shown
from tidemark.query.coverage import HourCoverage
from tidemark.query.page.calendar import duration
from tidemark.query.page.postgres import Row


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval that a collector did not cover; `start` and `length` are seconds from the hour's start."""

    start: float
    length: float
    times: str
    lasts: str
    topics: str
    reason: str
    sentence: str
    filled: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A collector's hour: the share of it in which all its topics were covered, and the gaps."""

    collector: str
    covered: str
    gaps: list[Gap]


@dataclass(frozen=True, slots=True)
class HourDetail:
    """What is known of one hour. `counts` are names and values, `loads` the rows of `loads.sql`, the newest first."""

    coverage: HourCoverage
    lanes: list[Lane]
    counts: dict[str, str]
    loads: list[Row]

    @property
    def hour(self) -> Hour:
        """The hour."""
        return self.coverage.hour


def details_of(coverage: Iterable[HourCoverage], gaps: Sequence[Row], loads: Sequence[Row]) -> list[HourDetail]:
    """Return the details of hours, given all gaps and loads of them."""
    return [
        HourDetail(
            each,
            _lanes(each, [row for row in gaps if row["hour"] == each.hour.start]),
            _counts(each),
            [row for row in loads if row["hour"] == each.hour.start],
        )
        for each in coverage
    ]


def _lanes(each: HourCoverage, gaps: list[Row]) -> list[Lane]:
    recorded = cast("list[str]", each.row.get("collectors") or [])
    names = sorted({*recorded, *(str(row["collector"]) for row in gaps)})
    return [_lane(name, each, [row for row in gaps if row["collector"] == name]) for name in names]


def _lane(name: str, each: HourCoverage, rows: list[Row]) -> Lane:
    open_time = sum((end - start for start, end in union(_span(row) for row in rows)), start=LENGTH * 0)
    return Lane(name, _percent(1 - open_time / LENGTH, 2), [_gap(row, each.hour.start) for row in rows])


def _span(row: Row) -> tuple[datetime, datetime]:
    return cast("datetime", row["from_at"]), cast("datetime", row["to_at"])


def _gap(row: Row, start: datetime) -> Gap:
    begin, end = _span(row)
    seconds = (end - begin).total_seconds()
    reason, topics = str(row["reason"]), cast("int", row["topics"])
    return Gap(
        (begin - start).total_seconds(),
        seconds,
        f"{begin:%H:%M:%S} to {end:%H:%M:%S}",
        duration(seconds),
        shown(row["topic"]) if topics == 1 else f"{topics} topics",
        reason.replace("_", " "),
        explain(reason),
        _filled(row),
    )


def _filled(row: Row) -> str:
    if row["is_repaired"]:
        return f"repaired, {shown(row['recovered'])} sales recovered"
    return "partly repaired" if row["repaired_by"] else "not repaired"


def _counts(each: HourCoverage) -> dict[str, str]:
    row = each.row
    if not row:
        return {}
    seen_by = row["seen_by"] if isinstance(row["seen_by"], dict) else {}
    return {
        "Covered by a collector": f"{shown(row['covered_percent'])} %",
        "Covered by two at once": f"{shown(row['covered_twice_percent'])} %",
        "Complete only by repair": f"{shown(row['repaired_percent'])} %",
        "Open": duration(row["open_s"]),
        "Sales": shown(row["sales"]),
        **{f"… seen by {names.replace('+', ' and ')}": shown(count) for names, count in seen_by.items()},
        "… recovered by repair": shown(row["recovered"]),
        "Missed by all, estimated at least": _interval(row, "missed_estimate", "missed_low", "missed_high", shown),
        "Audited": _percent(row["audited_share"], 0) if row["audited_share"] is not None else "not audited",
        "… sales of the Events API": shown(row["api_sales"]) or "unknown",
        "Stream loss, measured": _interval(row, "loss", "loss_low", "loss_high", lambda share: _percent(share, 3)),
        "Lines in quarantine": shown(row["quarantined"]),
    }


def _percent(share: Any, places: int) -> str:
    return f"{100 * share:.{places}f} %"


def _interval(row: Row, value: str, low: str, high: str, write: Callable[[object], str]) -> str:
    """Write a value with its 95 % interval; unknown where there is none."""
    return f"{write(row[value])} ({write(row[low])} to {write(row[high])})" if row[value] is not None else "unknown"
