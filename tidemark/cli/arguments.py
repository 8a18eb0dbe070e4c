"""Arguments that several verbs take, read and refused in the same words."""

import typer

from tidemark.core.hour import Hour


def hour(text: str) -> Hour:
    """Read an hour such as 2026-11-22T15; a mistake is answered as a mistake of usage."""
    try:
        return Hour.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
