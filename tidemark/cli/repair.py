"""`tidemark repair`: fill the gaps of the warehouse from the Events API."""

from typing import Annotated

import typer

from tidemark.cli.arguments import From, HoursAsked, To, ends
from tidemark.core.hour import Hour


def repair(
    hours: HoursAsked = None,
    first: From = None,
    last: To = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is open and ask for nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
) -> None:
    """Fetch the sales of gap windows that no collector covered, archive them, and load their hours again.

    By default those of the last seven days. The newest window comes first, within the API's limits and
    TIDEMARK_REPAIR_REQUESTS. What could not be fetched stays open for the next run. Without OPENSEA_API_KEY nothing is
    fetched, and that is no failure. The exit status is 1 where the API was asked and nothing could be repaired.

    \b
    Examples:
      tidemark repair --dry-run
      tidemark repair yesterday
      tidemark repair --from 2026-11-20 --to 2026-11-22T15
    """
    import json
    import time
    from dataclasses import asdict
    from datetime import timedelta
    from functools import partial

    from tidemark.loader.hours import load_hour
    from tidemark.loader.repair.gaps import repair_gaps
    from tidemark.loader.settings import LoaderSettings

    settings = LoaderSettings()
    log = partial(typer.echo, err=as_json)
    first, last = ends(hours, first, last)
    last = last or Hour.of(settings.clock.at(time.time()))
    report = repair_gaps(settings, first or Hour(last.start - timedelta(days=7)), last, dry_run=dry_run, log=log)
    loads = [load_hour(Hour.parse(key), settings, log=log) for key in report.hours]
    if as_json:
        typer.echo(json.dumps(asdict(report) | {"loads": [asdict(load) for load in loads]}))
    report.check()
