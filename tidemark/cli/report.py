"""`tidemark report`: the page as one file."""

from pathlib import Path
from typing import Annotated

import typer

from tidemark.cli.arguments import From, To, ends
from tidemark.cli.completion import names


def report(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write, such as report.html; - prints it.")
    ],
    first: From = None,
    last: To = None,
    collection: Annotated[
        str | None,
        typer.Option(autocompletion=names("collection"), help="Show the market of this collection only; default: all."),
    ] = None,
) -> None:
    """Write hours, gaps and market as one HTML file that needs nothing else, for a mail or a bucket.

    By default of the last week that was loaded; with --from alone up to the last hour that is over. It shows a
    calendar of the hours, what is missing and why, each hour with its collectors side by side, and what was sold. The
    file has no script and loads nothing from elsewhere.

    \b
    Examples:
      tidemark report -o report.html
      tidemark report --from 30d --collection pudgypenguins -o month.html
      tidemark report -o - | aws s3 cp - s3://BUCKET/report.html
    """
    from datetime import UTC, datetime

    from tidemark.query.coverage import nothing_after
    from tidemark.query.page.html import Home, html_of
    from tidemark.query.page.page import range_page
    from tidemark.storage.settings import WarehouseSettings

    first, last = ends(None, first, last)
    page = range_page(WarehouseSettings().warehouse_url, first, last, collection, datetime.now(UTC))
    _write(output, html_of(page, Home(is_file=True)))
    if str(output) != "-":
        typer.echo(
            f"{output} written: {page.first.key[:10]} to {page.last.key[:10]}, {len(page.details)} hours in detail"
        )
        if page.loaded and not last and (said := nothing_after(page.loaded[1], page.now)):
            typer.echo(said)
    for problem in page.problems:
        typer.echo(f"{problem.what}. {problem.hint}", err=True)
    if not page.is_known:
        typer.echo("No hour of this time is loaded. tidemark coverage shows which are.", err=True)


def _write(output: Path, html: str) -> None:
    from tidemark.core.errors import Problem
    from tidemark.storage.files import write_atomic

    if str(output) == "-":
        typer.echo(html, nl=False)
        return
    try:
        write_atomic(output, lambda file: file.write(html.encode()))
    except OSError as error:
        raise Problem(f"{output} could not be written: {error.strerror}", "Choose another --output") from error
