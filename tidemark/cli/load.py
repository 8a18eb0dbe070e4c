"""`tidemark load`: hours of the archive into the warehouse."""

from typing import Annotated

import typer

from tidemark.cli.arguments import From, HoursAsked, To, ends
from tidemark.core.hour import Hour


def load(
    hours: HoursAsked = None,
    *,
    first: From = None,
    last: To = None,
    collector: Annotated[
        list[str] | None, typer.Option(help="Load only what this collector recorded; can be repeated.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Load the hour again even if it has not changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per hour instead of lines.")] = False,
) -> None:
    """Load one hour of the archive into the warehouse, or each hour of a day or of a range.

    A range without --to ends with the last hour that is over. An hour is loaded completely or not at all, and loading
    it again changes nothing. A range stops at the first hour that cannot be loaded; the hours before it stay loaded. At
    the end the daily tables of the changed days are rebuilt.

    \b
    Examples:
      tidemark load 2026-11-22T15
      tidemark load yesterday
      tidemark load --from 2026-11-20 --to 2026-11-22T15 --json
    """
    import json
    import time
    from dataclasses import asdict
    from functools import partial

    from tidemark.core.hour import hours as hours_between
    from tidemark.loader.hours import load_hour
    from tidemark.loader.marts import refresh_days
    from tidemark.loader.settings import LoaderSettings

    first, last = ends(hours, first, last)
    if not first:
        raise typer.BadParameter("say which hour, or a range with --from and --to", param_hint="HOUR")
    settings = LoaderSettings()
    log = partial(typer.echo, err=as_json)
    over = Hour.of(settings.clock.at(time.time())).previous()
    if last and first <= over < last:
        log(f"{over.next()} is not over yet, so {over} is the last hour")
    for one in hours_between(first, max(first, min(last or over, over))):
        report = load_hour(one, settings, force=force, collectors=collector, log=log)
        if as_json:
            typer.echo(json.dumps(asdict(report)))
    refresh_days(settings.warehouse_url, log)
