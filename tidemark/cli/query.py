"""`tidemark query`: ask the warehouse a named question. Each question is a command with options of its own."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from inspect import Parameter as Argument
from inspect import Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from tidemark.cli.completion import names
from tidemark.core.errors import Problem

if TYPE_CHECKING:
    from rich.console import Console

    from tidemark.query.answer import Answer
    from tidemark.query.parameter import Parameter
    from tidemark.query.question import Question

_CHART_WIDTH = 120
_OUTPUT = "Output"
_SPELLINGS = {"jsonl": "ndjson"}
_TAKEN = ("output", "form", "plot", "wide")


class Questions(TyperGroup):
    """The questions of sql/queries/ as commands; their files are read only when one is asked or listed."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        """Return the names of the questions."""
        from tidemark.query.question import QUERIES

        return sorted(file.stem for file in QUERIES.glob("*.sql"))

    def shell_complete(self, ctx: typer.Context, incomplete: str) -> list[Any]:  # type: ignore[override]
        """Return the questions that begin so; dashes do as well as underscores."""
        is_option = incomplete.startswith("-")
        return super().shell_complete(ctx, incomplete if is_option else incomplete.lower().replace("-", "_"))

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | None:  # type: ignore[override]
        """Return the question of that name; dashes do as well as underscores. An unknown name is a usage error."""
        from tidemark.query.question import question

        if ctx.resilient_parsing and cmd_name.replace("-", "_") not in self.list_commands(ctx):
            return None
        try:
            return command_of(question(cmd_name))
        except Problem as problem:
            raise typer.BadParameter(f"{problem.what}. {problem.hint}", param_hint="QUESTION") from None


app = typer.Typer(cls=Questions, invoke_without_command=True, subcommand_metavar="[QUESTION] [OPTIONS]...")


@app.callback()
def query(context: typer.Context) -> None:
    """Ask the warehouse a named question, or list the questions.

    Each question has options of its own: `tidemark query NAME --help` shows them. Times are UTC: a day (2026-11-20), an
    hour (2026-11-20T15), a time, yesterday, 7d or 12h; a day or an hour given as --to is included. Reads only.

    \b
    Examples:
      tidemark query
      tidemark query daily_volume --collection pudgypenguins --from 30d --plot
      tidemark query top_sales --limit 100 --output top.parquet
    """
    if context.invoked_subcommand is None:
        from tidemark.query.question import questions
        from tidemark.query.table import console, table_of_questions

        paper = console()
        paper.print(table_of_questions(questions()))
        paper.print("\nOptions in capitals have to be given. `tidemark query NAME --help` explains a question.")


def command_of(question: "Question") -> TyperCommand:
    """Return a question as a command: an option for each of its parameters, and those of the output."""
    one = typer.Typer(rich_markup_mode=None, add_completion=False)
    one.command(question.name, help=_help(question))(_function(question))
    return typer.main.get_command(one)  # type: ignore[return-value] # one command, so no group


def _help(question: "Question") -> str:
    note = f"{question.note}\n\n" if question.note else ""
    return f"{question.answers}\n\nAnswers {question.grain}\n\n{note}\b\nExample:\n  {question.example}"


def _function(question: "Question") -> Callable[..., None]:
    def run(**given: Any) -> None:
        output, form, plot, wide = (given.pop(name) for name in _TAKEN)
        texts = {name.removesuffix("_"): text for name, text in given.items() if text is not None}
        answer_with(question, texts, output, form_of(output, form, plot=plot), plot=plot, wide=wide)

    taken = {f"{each.name}_": (_option(each), each.default is not None) for each in question.parameters}
    taken |= {name: (option, True) for name, option in _output_options().items()}
    run.__annotations__ = {name: option for name, (option, _) in taken.items()}
    run.__signature__ = Signature([  # type: ignore[attr-defined]
        Argument(name, Argument.KEYWORD_ONLY, annotation=option,
                 default=(False if name in ("plot", "wide") else None) if has_default else Argument.empty)
        for name, (option, has_default) in taken.items()
    ])  # fmt: skip
    return run


def _option(parameter: "Parameter") -> object:
    def read(text: str) -> str:
        try:
            parameter.read(text, datetime.now(UTC))
        except Problem as problem:
            raise typer.BadParameter(f"{problem.what}. {problem.hint}") from None
        return text

    kind = parameter.type.partition("-")[0]
    metavar = {"text": "TEXT", "integer": "NUMBER", "start": "TIME", "end": "TIME"}[kind]
    shown = False if parameter.default in (None, "null") else parameter.default
    return Annotated[
        str | None if parameter.default is not None else str,
        typer.Option(
            f"--{parameter.name}", parser=read, metavar=metavar, show_default=shown, help=parameter.about,
            autocompletion=names(parameter.name),
        ),
    ]  # fmt: skip


def _output_options() -> dict[str, object]:
    from tidemark.query.export import FORMATS

    forms = ", ".join(FORMATS)
    return {
        "output": Annotated[Path | None, typer.Option(
            "--output", "-o", rich_help_panel=_OUTPUT, help="Write to this file, whole or not at all; - is the output.",
        )],
        "form": Annotated[str | None, typer.Option(
            "--format", rich_help_panel=_OUTPUT, autocompletion=lambda: ["table", *FORMATS],
            help=f"table, {forms}; default by the file's name.",
        )],
        "plot": Annotated[bool, typer.Option(
            "--plot", rich_help_panel=_OUTPUT, help="Draw a chart in the terminal below the table.",
        )],
        "wide": Annotated[bool, typer.Option(
            "--wide", rich_help_panel=_OUTPUT, help="Show every column and every value whole, however long the lines.",
        )],
    }  # fmt: skip


def form_of(output: Path | None, form: str | None, *, plot: bool = False) -> str:
    """Return the form of the answer, by choice or by the file's name; of - a table, or CSV where no terminal shows it.

    Raises BadParameter where both cannot be.
    """
    from tidemark.query.export import BINARY, FORMATS

    on_screen = output is None or str(output) == "-"
    if output is None or (on_screen and sys.stdout.isatty()):
        usual = "table"
    else:
        usual = "csv" if on_screen else output.suffix.removeprefix(".")
    chosen = (form or usual).lower()
    chosen = _SPELLINGS.get(chosen, chosen)
    wrong = None
    if chosen not in ("table", *FORMATS) or (chosen == "table" and not on_screen):
        known = ", ".join(FORMATS)
        wrong = f"cannot write {chosen or 'a file without a suffix'}; --format or the file's name says which of {known}"
    elif output is None and chosen in BINARY:
        wrong = f"{chosen} is not for a terminal; add --output answer.{chosen}, or --output -"
    elif on_screen and plot and chosen != "table":
        wrong = f"--plot does not go with {chosen} on the output"
    if wrong:
        raise typer.BadParameter(wrong, param_hint="--format")
    return chosen


def answer_with(
    question: "Question", given: dict[str, str], output: Path | None, form: str, *, plot: bool = False, wide: bool
) -> None:
    """Ask a question, and print or write its answer. Raises Problem where it cannot be asked or written."""
    from tidemark.query import chart, postgres, table
    from tidemark.query.export import PICTURES, encoded
    from tidemark.storage.settings import WarehouseSettings

    if plot or form in PICTURES:
        chart.plot_of(question)
    answer = postgres.ask(WarehouseSettings().warehouse_url, question, given)
    paper = table.console()
    if form == "table" and answer.rows:
        _print(paper, question, answer, wide=wide or not paper.is_terminal)
    elif form != "table" and (answer.rows or form not in PICTURES):
        _write(answer, encoded(question, answer, form), output, form)
    aside = table.console(stderr=True)
    if answer.lacks:
        aside.print(answer.lacks)
    if answer.why_empty:
        (paper if form == "table" else aside).print(f"{answer.why_empty}{_span(answer)}")
    elif plot:
        from tidemark.query.terminal import drawn

        paper.print("", drawn(chart.chart_of(question, answer), min(paper.width, _CHART_WIDTH)), sep="\n")


def _print(paper: "Console", question: "Question", answer: "Answer", *, wide: bool) -> None:
    from tidemark.query.table import console, table_of

    fitted = table_of(answer, paper.width, wide=wide)
    (console(100_000) if wide else paper).print(fitted.table)
    if fitted.left_out:
        paper.print(f"\nNot shown, for lack of room: {', '.join(fitted.left_out)}. --wide shows all.")
    paper.print(f"\nRows: {len(answer.rows):,}, {question.grain}{_span(answer)} {question.note}")


def _write(answer: "Answer", data: bytes, output: Path | None, form: str) -> None:
    from tidemark.storage.files import write_atomic

    if output is None or str(output) == "-":
        typer.echo(data, nl=False)
        return
    try:
        if output.exists() and not output.is_file():  # a pipe or a device is not replaced
            output.write_bytes(data)
        else:
            write_atomic(output.resolve(), lambda file: file.write(data))
    except OSError as error:
        raise Problem(f"{output} could not be written: {error.strerror}", "Choose another --output") from error
    typer.echo(f"{len(answer.rows):,} rows written to {output}{_left_empty(answer, form)}")


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
