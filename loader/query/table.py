"""Answers and lists of questions as tables for a terminal."""

from collections.abc import Iterable
from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from loader.query.answer import Answer, shown
from loader.query.question import Question

_WIDE = 240


def console() -> Console:
    """Return a console as wide as the terminal; where there is none, wide enough that few values wrap."""
    terminal = Console(highlight=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=_WIDE)


def table_of(answer: Answer) -> Table:
    """Return the answer as a table; numbers stand to the right, long values wrap and are never cut."""
    table = Table(header_style="bold", show_edge=False)
    for name in answer.columns:
        numeric = any(isinstance(value, int | Decimal) for value in answer.column(name))
        table.add_column(escape(name), justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
    for row in answer.rows:
        table.add_row(*(escape(shown(value)) for value in row))
    return table


def table_of_questions(questions: Iterable[Question]) -> Table:
    """Return the questions with what they answer and their parameters; those in capitals have to be given."""
    table = Table(header_style="bold", show_edge=False)
    table.add_column("question", no_wrap=True)
    table.add_column("answers")
    table.add_column("parameters")
    for question in questions:
        names = (each.name if each.default else each.name.upper() for each in question.parameters)
        table.add_row(question.name, escape(question.answers), " ".join(names))
    return table


def table_of_parameters(question: Question) -> Table:
    """Return a question's parameters with type, default and meaning."""
    table = Table(header_style="bold", show_edge=False)
    for name in ("parameter", "type", "default", "meaning"):
        table.add_column(name)
    for each in question.parameters:
        table.add_row(f"--{each.name}", each.type, each.default or "(to be given)", escape(each.about))
    return table
