"""The page as data: which hours it shows, and what it says of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from tidemark.core.errors import Problem, UsageError
from tidemark.core.hour import Hour, hours
from tidemark.query.coverage import RANGE_HINT, HourCoverage, since
from tidemark.query.page.calendar import VIEWS, Day, Missing, calendar_of, missing_of
from tidemark.query.page.hour import HourDetail, details_of
from tidemark.query.page.market import Book, Market, book_of, market_of
from tidemark.query.page.postgres import Warehouse, reading

_WEEK = 7 * 24
_MOST_DETAILS = 800  # hours that a report explains one by one: a month
_LONGEST = timedelta(days=366)
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for: a month of the calendar (its first hour), one of its hours, one collection, a view."""

    month: Hour | None = None
    hour: Hour | None = None
    collection: str | None = None
    view: str = "coverage"


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows. `first` and `last` are the calendar's, `loaded` the first and the last hour ever loaded.

    `details` are the hours that are explained; a section that could not be read is None, and `problems` says why.
    """

    asked: Asked
    now: datetime
    first: Hour
    last: Hour
    loaded: tuple[Hour, Hour] | None
    days: list[Day]
    missing: list[Missing]
    details: list[HourDetail]
    market: Market | None
    book: list[Book]
    problems: list[Problem]
    is_known: bool  # whether an hour that was asked for is loaded

    @property
    def behind(self) -> int:
        """How many hours after the last one that was loaded are over."""
        return since(self.loaded[1], self.now) if self.loaded else 0


def asked_of(query: Mapping[str, str]) -> Asked:
    """Read the parameters of an address. Raises Problem for a value that is none; unknown names are ignored."""
    month, hour, view = query.get("month", ""), query.get("hour", ""), query.get("view") or "coverage"
    collection = query.get("collection", "").strip()
    if month and not _MONTH.fullmatch(month):
        raise Problem(f"month={month!r} is no month", "Write it as 2026-11")
    if view not in VIEWS:
        raise Problem(f"view={view!r} is no view of the calendar", f"Choose one of {', '.join(VIEWS)}")
    if "\0" in collection:
        raise Problem("the collection holds a NUL character", "Write it as in OpenSea's address")
    try:
        chosen = Hour.parse(hour) if hour else None
    except ValueError as error:
        raise Problem(f"hour={hour!r} is no hour: {error}", "Write it as 2026-11-22T15, in UTC") from error
    if chosen and not _MONTH.fullmatch(chosen.key[:7]):
        raise Problem(f"hour={hour!r} is not of this century", "Write it as 2026-11-22T15, in UTC")
    return Asked(Hour.parse(f"{month}-01T00") if month else None, chosen, collection or None, view)


def month_page(url: SecretStr, asked: Asked, now: datetime) -> Page:
    """Read a month of the calendar, the hour that was asked for, and the market of the month's last 7 loaded days.

    Without a month or an hour it is the month that was loaded last. Raises Problem where the warehouse is out of reach.
    """
    with reading(url) as warehouse:
        loaded = warehouse.span()
        first = asked.month or month_of(asked.hour or (loaded[1] if loaded else Hour.of(now)))
        last = month_after(first).previous()
        coverage = _coverage(warehouse, first, last)
        until = min(last, max(loaded[1], first)) if loaded else last
        week = [each for each in coverage if each.hour.start <= until.start][-_WEEK:]
        chosen = [each for each in coverage if each.hour == asked.hour]
        return _page(warehouse, asked, now, loaded=loaded, coverage=coverage, explained=chosen, sold=week)


def range_page(url: SecretStr, first: Hour | None, last: Hour | None, collection: str | None, now: datetime) -> Page:
    """Read the page of a range of hours, with the detail of each: by default the last 7 days that were loaded.

    With `first` alone it ends with the last hour that is over.
    Raises UsageError where the range runs backwards or is longer than a year.
    """
    with reading(url) as warehouse:
        loaded = warehouse.span()
        over = Hour.of(now).previous()
        last = last or (max(first, over) if first else loaded[1] if loaded else over)
        first = first or Hour.of(last.end - timedelta(days=7))
        if not timedelta(0) <= last.start - first.start <= _LONGEST:
            raise UsageError(f"{first} to {last} is not a range of at most a year", RANGE_HINT)
        whole = Hour.of(first.start.replace(hour=0)), Hour.of(last.start.replace(hour=23))
        coverage = _coverage(warehouse, *whole)
        within = [each for each in coverage if first.start <= each.hour.start <= last.start]
        explained = [each for each in within if each.row][-_MOST_DETAILS:]
        asked = Asked(collection=collection)
        return _page(warehouse, asked, now, loaded=loaded, coverage=coverage, explained=explained, sold=within)


def _coverage(warehouse: Warehouse, first: Hour, last: Hour) -> list[HourCoverage]:
    rows = {row["hour"]: dict(row) for row in warehouse.quality(first, last)}
    return [HourCoverage(hour, rows.get(hour.start, {})) for hour in hours(first, last)]


def _page(
    warehouse: Warehouse,
    asked: Asked,
    now: datetime,
    *,
    loaded: tuple[Hour, Hour] | None,
    coverage: list[HourCoverage],
    explained: Sequence[HourCoverage],
    sold: Sequence[HourCoverage],
) -> Page:
    """Read and arrange: the calendar of `coverage`, the hours to explain, the market of the hours `sold`."""
    named = [each.hour for each in explained]
    details = details_of(explained, warehouse.gaps(named), warehouse.loads(named))
    begun = [each for each in coverage if loaded and each.hour.start.date() >= loaded[0].start.date()]
    known = [each for each in begun if loaded and each.hour >= loaded[0]]
    problems: list[Problem] = []
    market, book = None, list[Book]()
    first, last = sold[0].hour, sold[-1].hour
    try:
        rows = warehouse.market(first, last, asked.collection)
        market = market_of(sold, rows)
        if asked.collection:
            book = book_of(warehouse.book(first, last, asked.collection))
            if loaded and not rows["sales_by_hour"] and (wrong := warehouse.unknown(asked.collection)):
                problems.append(wrong)
    except Problem as problem:  # the calendar is worth showing without it
        problems.append(problem)
    return Page(
        asked, now, coverage[0].hour, coverage[-1].hour, loaded, calendar_of(begun, now), missing_of(known, now),
        details, market, book, problems, any(each.row for each in sold),
    )  # fmt: skip


def month_of(hour: Hour) -> Hour:
    """Return the first hour of an hour's month."""
    return Hour.of(hour.start.replace(day=1, hour=0))


def month_after(first: Hour) -> Hour:
    """Return the first hour of the month after."""
    start = first.start
    return Hour.of(datetime(start.year + start.month // 12, start.month % 12 + 1, 1, tzinfo=UTC))
