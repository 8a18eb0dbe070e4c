"""`tidemark coverage`: how completely each hour was recorded."""

from typing import Annotated

import typer

from tidemark.cli.arguments import From, HoursAsked, To, ends


def coverage(
    hours: HoursAsked = None,
    *,
    first: From = None,
    last: To = None,
    long: Annotated[bool, typer.Option("--long", help="Add a table with a row for every hour.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead, one object per hour.")] = False,
) -> None:
    """Show a range of hours as a strip, a character for each, and a line for each hour that is not wholly covered.

    By default the last week that was loaded; with --from alone up to the last hour that is over; of one hour all that
    is known. Covered: a collector covered every moment. Repaired: the Events API filled the rest. What all collectors
    missed is estimated; that is a lower bound: what OpenSea sent to no collector is not in it. docs/coverage.md
    explains it.

    \b
    Examples:
      tidemark coverage
      tidemark coverage --from 2026-11-20 --to 2026-11-22 --long
      tidemark coverage yesterday
      tidemark coverage 2026-11-20T15
    """
    from datetime import UTC, datetime

    from tidemark.core.hour import Hour
    from tidemark.query import coverage_report as report
    from tidemark.query.coverage import as_rows, coverage_of
    from tidemark.query.export import as_json as json_of
    from tidemark.query.postgres import ask
    from tidemark.query.question import question
    from tidemark.query.table import console
    from tidemark.storage.settings import WarehouseSettings

    first, last = ends(hours, first, last)
    now = datetime.now(UTC)
    over = first and max(first, Hour.of(now).previous())  # no hour that is not over can be loaded
    until = min((each for each in (last, over) if each), default=None)
    given = {name: each.key for name, each in (("from", first), ("to", until)) if each}
    answer = ask(WarehouseSettings().warehouse_url, question("hour_quality"), given)
    covered = coverage_of(answer, first, until)
    if as_json:
        typer.echo(json_of(as_rows(covered)), nl=False)
        return
    paper = console()
    if hours and first == last:
        paper.print(report.detail(covered[0]))
        return
    paper.print(report.head(covered, None if last else now))
    if covered:
        paper.print("", report.strip(covered), "", report.exceptions(covered, paper.width), sep="\n")
    if covered and long:
        paper.print("", report.table(covered, paper.width), sep="\n")
