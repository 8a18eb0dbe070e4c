"""Arguments that several verbs take, with the same error messages."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, NamedTuple

import typer

from tidemark.core.hour import LENGTH, Hour


class Hours(NamedTuple):
    """Successive hours; both ends are included."""

    first: Hour
    last: Hour


def read_hours(text: str) -> Hours:
    """Read an hour, or a day with all its hours, as questions do; a mistake is a usage error."""
    first = from_hour(text)
    return Hours(first, max(first, to_hour(text)))


def from_hour(text: str) -> Hour:
    """Read where a range of hours begins; a mistake is a usage error."""
    start, _ = _interval(text)
    return Hour(start)


def to_hour(text: str) -> Hour:
    """Read the last hour of a range, which is included: of a day its last one, before a time the last one."""
    _, end = _interval(text)
    return Hour(end - LENGTH)


def _interval(text: str) -> tuple[datetime, datetime]:
    from tidemark.query.parameter import interval

    try:
        start, length = interval(text, datetime.now(UTC))
        Hour(start)
        return start, start + length
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not a UTC day or whole hour from the year 2000 on; "
            "write it as 2026-11-22, 2026-11-22T15, yesterday, 7d or 12h"
        ) from None


HoursAsked = Annotated[
    Hours | None,
    typer.Argument(parser=read_hours, metavar="HOUR", help="A UTC hour (2026-11-22T15), or a day (2026-11-22)."),
]
From = Annotated[
    Hour | None, typer.Option("--from", parser=from_hour, metavar="TIME", help="A UTC day or hour, yesterday, 7d, 12h.")
]
To = Annotated[
    Hour | None, typer.Option("--to", parser=to_hour, metavar="TIME", help="The last day or hour, included.")
]


def ends(hours: Hours | None, first: Hour | None, last: Hour | None) -> tuple[Hour | None, Hour | None]:
    """Return the first and the last hour that were asked for; None for what was left out.

    Raises BadParameter where both forms were given, or the range runs backwards.
    """
    if hours and (first or last):
        raise typer.BadParameter("give an hour or a day, or a range with --from and --to", param_hint="HOUR")
    if first and last and first > last:
        raise typer.BadParameter(f"{first} is not before --to {last}; exchange the two", param_hint="--from")
    return hours or (first, last)


def amount(text: str) -> Decimal:
    """Read an amount of 0 or more, such as 0.5; a mistake is a usage error."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise typer.BadParameter(f"{text!r} is not an amount; write it as 0.5")
    return number
