"""`tidemark coverage`: how completely each hour was recorded."""

from typing import Annotated

import typer

from tidemark.cli.arguments import hour
from tidemark.core.hour import Hour


def coverage(
    first: Annotated[
        Hour | None,
        typer.Option("--from", parser=hour, metavar="HOUR", help="In UTC; default: a week of hours."),
    ] = None,
    last: Annotated[
        Hour | None,
        typer.Option("--to", parser=hour, metavar="HOUR", help="Included; default: the last loaded."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead, one object per hour.")] = False,
) -> None:
    """Show a range of hours as a strip and as a table: covered, repaired, partly covered, a gap, or not loaded.

    The last column estimates the sales that all collectors missed. It is a lower bound: what OpenSea sent to no
    collector is not in it. docs/coverage.md explains it and the other columns.

    \b
    Example:
      tidemark coverage --from 2026-11-20T00 --to 2026-11-22T23
    """
    from tidemark.loader.settings import WarehouseSettings
    from tidemark.query import coverage as hours
    from tidemark.query.export import as_json as json_of
    from tidemark.query.postgres import ask
    from tidemark.query.question import question
    from tidemark.query.table import console

    given = {name: each.key for name, each in (("from", first), ("to", last)) if each}
    answer = ask(WarehouseSettings().warehouse_url, question("hour_quality"), given)
    covered = hours.coverage_of(answer, first, last)
    if as_json:
        typer.echo(json_of(hours.as_rows(covered)), nl=False)
        return
    console().print(hours.strip(covered), "", hours.table(covered), sep="\n")
