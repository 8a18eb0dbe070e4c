"""Answers and lists of questions as tables for a terminal."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from loader.query.answer import Answer, shown
from loader.query.question import Question

_ENDLESS = 100_000
_NARROWEST = 12  # of a column of text
_BETWEEN = 3  # cells between two columns


def console(width: int | None = None) -> Console:
    """Return a console that takes every text as it is, as wide as the terminal by default; in a pipe nothing wraps."""
    plain = Console(width=width, highlight=False, markup=False, emoji=False)
    return plain if width or plain.is_terminal else console(_ENDLESS)


def table_of(answer: Answer, width: int = _ENDLESS) -> Table:
    """Return the answer as a table, long texts wrapped; where its columns do not fit `width`, record below record."""
    columns = [[name, *map(shown, answer.column(name))] for name in answer.columns]
    whole = [any(isinstance(value, int | Decimal | date) for value in answer.column(name)) for name in answer.columns]
    longest = [max(map(cell_len, column)) for column in columns]
    least = [cells if is_whole else min(cells, _NARROWEST) for cells, is_whole in zip(longest, whole, strict=True)]
    if sum(least) + _BETWEEN * len(least) > width:
        return _records_of(answer)
    table = Table(header_style="bold", show_edge=False)
    for name, cells, is_whole in zip(answer.columns, least, whole, strict=True):
        numeric = is_whole and not any(isinstance(value, date) for value in answer.column(name))
        table.add_column(
            name, justify="right" if numeric else "left", overflow="fold", no_wrap=is_whole, min_width=cells
        )
    for row in zip(*(column[1:] for column in columns), strict=True):
        table.add_row(*row)
    return table


def _records_of(answer: Answer) -> Table:
    table = Table(show_header=False, show_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in answer.rows:
        for place, (name, value) in enumerate(zip(answer.columns, row, strict=True), 1):
            table.add_row(name, shown(value), end_section=place == len(row))
    return table


def table_of_questions(questions: Iterable[Question]) -> Table:
    """Return the questions with what they answer and their parameters; those in capitals have to be given."""
    table = Table(header_style="bold", show_edge=False)
    table.add_column("question", no_wrap=True)
    table.add_column("answers")
    table.add_column("parameters")
    for question in questions:
        names = (each.name if each.default else each.name.upper() for each in question.parameters)
        table.add_row(question.name, question.answers, " ".join(names))
    return table


def table_of_parameters(question: Question) -> Table:
    """Return a question's parameters with type, default and meaning."""
    table = Table(header_style="bold", show_edge=False)
    for name in ("parameter", "type", "default", "meaning"):
        table.add_column(name)
    for each in question.parameters:
        table.add_row(f"--{each.name}", each.type, each.default or "(to be given)", each.about)
    return table
