"""Answers and lists of questions as tables that fit a terminal."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidemark.query.answer import Answer, shown
from tidemark.query.links import WALLETS, link
from tidemark.query.question import Question

_ENDLESS = 100_000
_NARROWEST = 16  # of a column of text
_BETWEEN = 2  # cells between two columns
_IDENTIFIERS = WALLETS | {"transaction_hash", "order_hash", "contract_address", "token_id", "sale_uid"}
_LONGEST_IDENTIFIER = 12
_SMALLEST_SHOWN = Decimal("0.005")  # of dollars
_DOLLARS = re.compile(r"(^|_)usd(_|$)")


class Fitted(NamedTuple):
    """A table, and the columns that it has no room for."""

    table: Table
    left_out: Sequence[str]


def console(width: int | None = None, *, stderr: bool = False) -> Console:
    """Return a console that takes every text as it is, as wide as the terminal by default; in a pipe nothing wraps."""
    plain = Console(width=width, stderr=stderr, highlight=False, markup=False, emoji=False)
    return plain if width or plain.is_terminal else console(_ENDLESS, stderr=stderr)


def table_of(answer: Answer, width: int = _ENDLESS, *, wide: bool = True) -> Fitted:
    """Return the answer as a table.

    With `wide` every value is whole. Otherwise the table fits `width`: identifiers are shortened and carry links, times
    lack seconds where all are 0, names break at their underscores, and columns without room are left out from the
    right. A number or a time is never cut.
    """
    columns = [_cells(answer, name, wide=wide) for name in answer.columns]
    plain = answer.columns
    broken = [
        name if cell_len(name) <= max((cell.cell_len for cell in cells), default=0) else name.replace("_", "_\n")
        for name, cells in zip(plain, columns, strict=True)
    ]
    if wide:
        return Fitted(_grid(answer, plain, columns, [0] * len(plain)), ())
    for names in (plain, broken):
        least = [_least(answer, place, names[place], columns[place]) for place in range(len(names))]
        if sum(least) + _BETWEEN * (len(least) - 1) <= width:
            return Fitted(_grid(answer, names, columns, least), ())
    kept = 0
    while kept < len(least) and sum(least[: kept + 1]) + _BETWEEN * kept <= width:
        kept += 1
    if kept < min(len(least), 2):
        return Fitted(_records_of(answer, columns), ())
    return Fitted(_grid(answer, broken[:kept], columns, least), answer.columns[kept:])


def _cells(answer: Answer, name: str, *, wide: bool) -> list[Text]:
    values = answer.column(name)
    to_the_minute = not wide and all(isinstance(value, datetime) and value.second == 0 for value in values)
    cells = []
    for row, value in zip(answer.rows, values, strict=True):
        text = Text(_cell(name, value, wide=wide, to_the_minute=to_the_minute))
        if not wide and (page := link(name, {**answer.asked, **dict(zip(answer.columns, row, strict=True))})):
            text.stylize(f"link {page}")
        cells.append(text)
    return cells


def _cell(name: str, value: object, *, wide: bool, to_the_minute: bool) -> str:
    match value:
        case datetime() if to_the_minute:
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
        case Decimal() if not wide and value.is_finite() and _DOLLARS.search(name):
            if value and abs(value) < _SMALLEST_SHOWN:
                return "<0.01" if value > 0 else ">-0.01"
            return f"{value:,.2f}"
    text = shown(value)
    if not wide and name in _IDENTIFIERS and len(text) > _LONGEST_IDENTIFIER:
        return f"{text[:6]}…{text[-4:]}"
    return text


def _least(answer: Answer, place: int, name: str, cells: Sequence[Text]) -> int:
    """Return how many cells a column needs: all that a number, time or identifier has, of a text some."""
    head = max(map(cell_len, name.splitlines()))
    longest = max((text.cell_len for text in cells), default=0)
    return max(head, longest if _is_whole(answer, place) else min(longest, _NARROWEST))


def _is_whole(answer: Answer, place: int, *kinds: type) -> bool:
    if not kinds and answer.columns[place] in _IDENTIFIERS:
        return True
    return any(isinstance(row[place], kinds or (int, Decimal, date)) for row in answer.rows)


def _grid(answer: Answer, names: Sequence[str], columns: Sequence[list[Text]], least: Sequence[int]) -> Table:
    table = Table(header_style="bold", show_edge=False, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for place, name in enumerate(names):
        justify: Literal["left", "right"] = "right" if _is_whole(answer, place, int, Decimal) else "left"
        whole = _is_whole(answer, place)
        table.add_column(name, justify=justify, overflow="fold", no_wrap=whole, min_width=least[place])
    for row in zip(*columns[: len(names)], strict=True):
        table.add_row(*row)
    return table


def _records_of(answer: Answer, columns: Sequence[list[Text]]) -> Table:
    table = Table(show_header=False, show_edge=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in zip(*columns, strict=True):
        for place, (name, value) in enumerate(zip(answer.columns, row, strict=True), 1):
            table.add_row(name, value, end_section=place == len(row))
    return table


def table_of_questions(questions: Iterable[Question]) -> Table:
    """Return the questions with what they answer and take; what has to be given is in capitals."""
    table = Table(header_style="bold", show_edge=False, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("question", no_wrap=True)
    table.add_column("answers, and takes")
    for question in questions:
        names = (each.name if each.default else each.name.upper() for each in question.parameters)
        table.add_row(question.name, Text.assemble(question.answers, "\n", (" ".join(names), "dim")))
    return table
