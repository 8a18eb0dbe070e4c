"""`tidemark query`: ask the warehouse one of its named questions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidemark.core.errors import Problem

if TYPE_CHECKING:
    from rich.console import Console

    from tidemark.query.answer import Answer
    from tidemark.query.question import Question

# a question's own parameters are read from its file, and so is its help
CONTEXT_SETTINGS = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
_FORMATS = ("table", "csv", "json", "parquet", "png", "svg")
_PICTURES = ("png", "svg")
_CHART_WIDTH = 120
_NOTHING = (
    "Nothing was found. `tidemark query collection_volume --from 2000-01-01` shows how collections and chains are "
    "spelled, `tidemark coverage` which hours were loaded."
)


def query(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The question; without one, all are listed.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this .csv, .json, .parquet, .png or .svg file.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="table, csv, json, parquet, png or svg; default by the file's name.")
    ] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw a chart in the terminal below the table.")] = False,
) -> None:
    """Ask the warehouse a named question, or list the questions.

    Each question has parameters of its own, given as --NAME VALUE; `tidemark query NAME --help` shows them. Times are
    UTC; a day or an hour given as --to is included. Reads only.

    \b
    Examples:
      tidemark query
      tidemark query daily_volume --collection pudgypenguins --from 2026-11-01 --to 2026-11-20 --plot
      tidemark query top_sales --limit 100 --output top.parquet
    """
    from tidemark.loader.settings import WarehouseSettings
    from tidemark.query import chart, postgres, table
    from tidemark.query.question import question as question_of

    console = table.console()
    if name is None or name in ("-h", "--help"):
        _list(console, context, asked_for_help=name is not None)
        return
    if name.startswith("-"):
        raise Problem(f"{name} stands where the question belongs", "Write: tidemark query QUESTION --name value …")
    question = question_of(name)
    if {"-h", "--help"} & set(context.args):
        _explain(console, question)
        return
    form = _form(output, form, plot=plot)
    if plot or form in _PICTURES:
        chart.plot_of(question)
    answer = postgres.ask(WarehouseSettings().warehouse_url, question, _given(context.args))
    _give(console, question, answer, form, output)
    if plot:
        from tidemark.query.terminal import drawn

        console.print(drawn(chart.chart_of(question, answer), min(console.width, _CHART_WIDTH)))


def _list(console: "Console", context: typer.Context, *, asked_for_help: bool) -> None:
    from tidemark.query.question import questions
    from tidemark.query.table import table_of_questions

    if asked_for_help:
        typer.echo(context.get_help())
    console.print(table_of_questions(questions()))
    console.print("\nParameters in capitals have to be given. `tidemark query NAME --help` explains a question.")


def _explain(console: "Console", question: "Question") -> None:
    from tidemark.query.table import table_of_parameters

    console.print(f"{question.answers}\n{question.grain}\n")
    console.print(table_of_parameters(question))
    console.print(f"\nExample: {question.example}")


def _given(arguments: list[str]) -> dict[str, str]:
    """Read `--name value` and `--name=value` pairs. Raises Problem for anything else."""
    given: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        text = value if equals else next(rest, None)
        if not name.startswith("--") or text is None:
            raise Problem(f"{argument!r} is not a parameter with its value", "Write each one as --name value")
        if name in given:
            raise Problem(f"{name} is given twice", "Give it once")
        given[name] = text
    return {name.removeprefix("--"): text for name, text in given.items()}


def _form(output: Path | None, form: str | None, *, plot: bool) -> str:
    """Return the form of the answer, by choice or by the file's name."""
    chosen = form or (output.suffix.removeprefix(".").lower() if output else "table")
    if chosen not in _FORMATS or (output is not None and chosen == "table"):
        raise Problem(f"cannot write an answer as {chosen or 'a file without a suffix'!r}",
                      f"Choose one of {', '.join(_FORMATS[1:])} by --format or by the file's name")  # fmt: skip
    if output is None and chosen in ("parquet", *_PICTURES):
        raise Problem(f"{chosen} does not belong on a terminal", f"Add --output answer.{chosen}")
    if output is None and plot and chosen != "table":
        raise Problem(f"a chart would stand between the lines of {chosen}", "Leave --plot out, or add --output FILE")
    return chosen


def _give(console: "Console", question: "Question", answer: "Answer", form: str, output: Path | None) -> None:
    from tidemark.query.table import table_of

    if form == "table":
        console.print(table_of(answer, console.width))
        console.print(f"\nRows: {len(answer.rows)}, {question.grain}{_span(answer)} {question.note}")
        if not answer.rows:
            console.print(_NOTHING)
        return
    data = _data(question, answer, form)
    if output is None:
        typer.echo(data, nl=False)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise Problem(f"{output} could not be written: {error.strerror}", "Choose another --output") from error
    console.print(f"{len(answer.rows)} rows written to {output}{_left_empty(answer, form)}")


def _left_empty(answer: "Answer", form: str) -> str:
    """Say which columns hold values that the file cannot."""
    if form != "parquet":
        return ""
    from tidemark.query.parquet import unheld

    columns = unheld(answer)
    return f"; empty where it is too large for Parquet: {', '.join(columns)}. CSV and JSON have it" if columns else ""


def _span(answer: "Answer") -> str:
    """Say which time the answer is of."""
    from tidemark.query.answer import shown

    times = answer.asked.get("from"), answer.asked.get("to")
    return f" From {shown(times[0])} to {shown(times[1])}, UTC." if all(times) else ""


def _data(question: "Question", answer: "Answer", form: str) -> bytes:
    from tidemark.query import export

    match form:
        case "csv":
            return export.as_csv(answer)
        case "json":
            return export.as_json(answer)
        case "parquet":
            from tidemark.query.parquet import as_parquet

            return as_parquet(answer)
        case "png" | "svg":
            from tidemark.query.chart import chart_of
            from tidemark.query.picture import picture

            return picture(chart_of(question, answer), form)
        case _:
            raise ValueError(f"{form!r} has no writer")
