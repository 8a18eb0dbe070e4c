"""Arguments that several verbs take, with the same error messages."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import typer

from tidemark.core.errors import Problem
from tidemark.core.hour import LENGTH, Hour


def hour(text: str) -> Hour:
    """Read an hour such as 2026-11-22T15; a mistake is a usage error."""
    try:
        return Hour.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def from_hour(text: str) -> Hour:
    """Read where a range of hours begins, as questions do: a day, an hour, yesterday, 7d or 12h."""
    return Hour(_time("from", "start-hour", text))


def to_hour(text: str) -> Hour:
    """Read the last hour of a range, which is included: of a day its last one."""
    return Hour(_time("to", "end-hour", text) - LENGTH)


def _time(name: str, kind: str, text: str) -> datetime:
    from tidemark.query.parameter import Parameter

    try:
        read = Parameter(name, kind, None, "").read(text, datetime.now(UTC))
    except Problem as problem:
        raise typer.BadParameter(f"{problem.what}. {problem.hint}") from None
    assert isinstance(read, datetime)  # noqa: S101 - of this kind
    return read


def amount(text: str) -> Decimal:
    """Read an amount of 0 or more, such as 0.5; a mistake is a usage error."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise typer.BadParameter(f"{text!r} is not an amount; write it as 0.5")
    return number
