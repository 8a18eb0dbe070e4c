"""Arguments that several verbs take, with the same error messages."""

import typer

from tidemark.core.hour import Hour


def hour(text: str) -> Hour:
    """Read an hour such as 2026-11-22T15; a mistake is a usage error."""
    try:
        return Hour.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
