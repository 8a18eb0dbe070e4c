"""Arguments that several verbs take, with the same error messages."""

from decimal import Decimal, InvalidOperation

import typer

from tidemark.core.hour import Hour


def hour(text: str) -> Hour:
    """Read an hour such as 2026-11-22T15; a mistake is a usage error."""
    try:
        return Hour.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def amount(text: str) -> Decimal:
    """Read an amount of 0 or more, such as 0.5; a mistake is a usage error."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise typer.BadParameter(f"{text!r} is not an amount; write it as 0.5")
    return number
