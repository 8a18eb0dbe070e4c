"""`tidemark load`: hours of the archive into the warehouse."""

from typing import Annotated

import typer

from tidemark.cli.arguments import hour
from tidemark.core.hour import Hour


def load(
    first: Annotated[Hour, typer.Argument(parser=hour, metavar="HOUR", help="In UTC, such as 2026-11-22T15.")],
    last: Annotated[
        Hour | None, typer.Argument(parser=hour, metavar="LAST", help="The last hour of a range; default: one hour.")
    ] = None,
    collector: Annotated[
        list[str] | None, typer.Option(help="Load only what this collector recorded; can be repeated.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Load the hour again even if it has not changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per hour instead of lines.")] = False,
) -> None:
    """Load one hour of the archive into the warehouse, or each hour of a range.

    An hour is loaded completely or not at all, and loading it again changes nothing. A range stops at the first hour
    that cannot be loaded; the hours before it stay loaded. At the end the daily tables of the changed days are rebuilt.

    \b
    Example:
      tidemark load 2026-11-22T15
      tidemark load 2026-11-22T00 2026-11-22T23 --json
    """
    import json
    from dataclasses import asdict
    from functools import partial

    from tidemark.core.hour import hours
    from tidemark.loader.hours import load_hour
    from tidemark.loader.marts import refresh_days
    from tidemark.loader.settings import LoaderSettings

    settings = LoaderSettings()
    say = partial(typer.echo, err=as_json)
    for one in hours(first, last or first):
        report = load_hour(one, settings, force=force, collectors=collector, say=say)
        if as_json:
            typer.echo(json.dumps(asdict(report)))
    refresh_days(settings.warehouse_url, say)
