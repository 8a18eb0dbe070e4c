"""`tidemark audit`: compare settled hours with what the Events API knows."""

from typing import Annotated

import typer

from tidemark.cli.arguments import From, HoursAsked, To, ends
from tidemark.core.hour import Hour


def audit(
    hours: HoursAsked = None,
    *,
    first: From = None,
    last: To = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the choice where the budget is too small for all.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask also about hours that an audit has asked about.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be asked, and ask for nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
) -> None:
    """Ask the Events API for all sales of settled hours, covered or not, load what is missing, and measure the loss.

    By default of the last seven days. An hour is settled TIDEMARK_AUDIT_DELAY seconds after its end. The newest hour
    comes first. Where
    TIDEMARK_AUDIT_REQUESTS is not enough for all, a random sample is asked for; which one is in ops.audit_draw. What
    was found is in mart.hour_quality and docs/coverage.md explains it. Without OPENSEA_API_KEY nothing is fetched, and
    that is no failure. The exit status is 1 where the API was asked and gave no usable answer.

    \b
    Examples:
      tidemark audit --dry-run
      tidemark audit yesterday
      tidemark audit --from 2026-11-20 --to 2026-11-22T15
    """
    import json
    import time
    from dataclasses import asdict
    from datetime import timedelta
    from functools import partial

    from tidemark.loader.hours import load_hour
    from tidemark.loader.repair.audit import audit_hours, audited, summary
    from tidemark.loader.settings import LoaderSettings

    settings = LoaderSettings()
    log = partial(typer.echo, err=as_json)
    first, last = ends(hours, first, last)
    last = last or Hour.of(settings.clock.at(time.time()))
    first = first or Hour(last.start - timedelta(days=7))
    report = audit_hours(settings, first, last, seed=seed, again=again, dry_run=dry_run, log=log)
    changed = [Hour.parse(key) for key in report.hours]
    loads = [load_hour(one, settings, log=log) for one in changed]
    figures = [audited(settings, one) for one in changed]
    for found in figures:
        log(summary(found))
    if as_json:
        typer.echo(json.dumps(asdict(report) | {"loads": [asdict(load) for load in loads], "audited": figures}))
    report.check()
