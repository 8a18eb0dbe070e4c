"""`tidemark sql`: ask the warehouse a statement of your own."""

from pathlib import Path
from typing import Annotated

import typer

from tidemark.cli.query import answer_with, form_of


def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT; it can change nothing.", metavar="SELECT")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, whole or not at all; - is the output.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="table, csv, json, ndjson or parquet; default by the file's name.")
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="Show every column and every value whole, however long the lines.")
    ] = False,
) -> None:
    """Ask the warehouse a statement of your own, with the settings and the login of this machine.

    For operators, where no other client is at hand. The transaction is read-only; docs/warehouse.md has the tables.

    \b
    Examples:
      tidemark sql "SELECT reason, sum(lines) FROM ops.reject GROUP BY 1"
      tidemark sql "SELECT * FROM ops.gap ORDER BY from_at" --output gaps.csv
    """
    from tidemark.query.question import Question

    one = statement.strip().removesuffix(";")
    if ";" in one:  # a second statement could end the read-only transaction
        raise typer.BadParameter("holds a semicolon before its end; ask one statement", param_hint="SELECT")
    asked = Question(
        name="sql", grain="as your statement says.", answers="", parameters=(), plot=None, example="", note="",
        kinds={}, sql=one.replace(":", r"\:"),
    )  # fmt: skip
    answer_with(asked, {}, output, form_of(output, form), wide=wide)
