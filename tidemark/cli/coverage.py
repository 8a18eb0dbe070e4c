"""`tidemark coverage`: how completely each hour was recorded."""

from typing import Annotated

import typer

from tidemark.cli.arguments import from_hour, hour, to_hour
from tidemark.core.hour import Hour


def coverage(
    one: Annotated[
        Hour | None, typer.Argument(parser=hour, metavar="HOUR", help="Show all that is known of one hour.")
    ] = None,
    first: Annotated[
        Hour | None,
        typer.Option(
            "--from", parser=from_hour, metavar="TIME", help="A UTC day or hour, yesterday, 7d; default: a week."
        ),
    ] = None,
    last: Annotated[
        Hour | None,
        typer.Option("--to", parser=to_hour, metavar="TIME", help="Included; default: the last loaded."),
    ] = None,
    long: Annotated[bool, typer.Option("--long", help="Add a table with a row for every hour.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead, one object per hour.")] = False,
) -> None:
    """Show a range of hours as a strip, a character for each, and a line for each hour that is not wholly covered.

    Covered: a collector covered every moment. Repaired: the Events API filled the rest. What all collectors missed is
    estimated; that is a lower bound: what OpenSea sent to no collector is not in it. docs/coverage.md explains it.

    \b
    Examples:
      tidemark coverage
      tidemark coverage --from 2026-11-20 --to 2026-11-22 --long
      tidemark coverage --from 7d
      tidemark coverage 2026-11-20T15
    """
    from tidemark.query import coverage as hours
    from tidemark.query import coverage_report as report
    from tidemark.query.export import as_json as json_of
    from tidemark.query.postgres import ask
    from tidemark.query.question import question
    from tidemark.query.table import console
    from tidemark.storage.settings import WarehouseSettings

    if one and (first or last):
        raise typer.BadParameter("give one hour, or a range with --from and --to", param_hint="HOUR")
    first, last = one or first, one or last
    given = {name: each.key for name, each in (("from", first), ("to", last)) if each}
    answer = ask(WarehouseSettings().warehouse_url, question("hour_quality"), given)
    covered = hours.coverage_of(answer, first, last)
    if as_json:
        typer.echo(json_of(hours.as_rows(covered)), nl=False)
        return
    paper = console()
    if one:
        paper.print(report.detail(covered[0]))
        return
    paper.print(report.head(covered))
    if covered:
        paper.print("", report.strip(covered), "", report.exceptions(covered, paper.width), sep="\n")
    if covered and long:
        paper.print("", report.table(covered, paper.width), sep="\n")
