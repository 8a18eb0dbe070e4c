"""Answers and lists of questions as tables for a terminal."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from tidemark.query.answer import Answer, shown
from tidemark.query.question import Question

_ENDLESS = 100_000
_NARROWEST = 12  # of a column of text
_BETWEEN = 3  # cells between two columns


def console(width: int | None = None) -> Console:
    """Return a console that takes every text as it is, as wide as the terminal by default; in a pipe nothing wraps."""
    plain = Console(width=width, highlight=False, markup=False, emoji=False)
    return plain if width or plain.is_terminal else console(_ENDLESS)


def table_of(answer: Answer, width: int = _ENDLESS) -> Table:
    """Return the answer as a table whose columns fit `width`: long texts wrap, and names at their underscores.

    Where that is not enough, the records follow one below the other. No part of a value is ever left out.
    """
    columns = [list(map(shown, answer.column(name))) for name in answer.columns]
    for names in (answer.columns, [name.replace("_", "_\n") for name in answer.columns]):
        least = []
        for place, name in enumerate(names):
            # all that a number or time has, of a text some
            longest = max(map(cell_len, [*name.splitlines(), *columns[place]]))
            least.append(longest if _is_whole(answer, place) else min(longest, _NARROWEST))
        if sum(least) + _BETWEEN * len(least) <= width:
            return _grid(answer, names, columns, least)
    return _records_of(answer)


def _is_whole(answer: Answer, place: int, *kinds: type) -> bool:
    return any(isinstance(row[place], kinds or (int, Decimal, date)) for row in answer.rows)


def _grid(answer: Answer, names: Sequence[str], columns: list[list[str]], least: list[int]) -> Table:
    table = Table(header_style="bold", show_edge=False)
    for place, name in enumerate(names):
        justify: Literal["left", "right"] = "right" if _is_whole(answer, place, int, Decimal) else "left"
        whole = _is_whole(answer, place)
        table.add_column(name, justify=justify, overflow="fold", no_wrap=whole, min_width=least[place])
    for row in zip(*columns, strict=True):
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
