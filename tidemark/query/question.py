"""A question: one file of `sql/queries/` with its header.

    -- Grain: one row per UTC day.
    -- Answers: How much was sold each day?
    -- Parameter: collection text = null; only this collection
    -- Parameter: from start = newest-30d; first day or hour
    -- Plot: bar day volume_eth
    -- Example: tidemark query daily_volume --collection pudgypenguins

    -- Exact: volume
    -- Whole: items
    -- Needs: orders
    -- Looks: back

The last four may be left out. Two name numeric columns that are not amounts by a rate, for files of fixed types. Needs
says what of the market a question reads: its counts (`market`), single orders (`orders`) or single transfers. The last
says that it reads what was before its time, too.
A parameter without a default has to be given. The types are those of `tidemark.query.parameter`. The other comment
lines at the top are the note: what the figures leave out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Self

from tidemark.core.errors import Problem
from tidemark.query.answer import Kind
from tidemark.query.names import near
from tidemark.query.parameter import Parameter
from tidemark.storage.files import shipped

QUERIES = shipped("sql") / "queries"
_LINE = re.compile(r"-- (?P<key>[A-Z][a-z]+): (?P<value>.+)")


@dataclass(frozen=True, slots=True)
class Plot:
    """What a picture of the answer shows: `kind` is bar, line or heat; `x` and `ys` are columns."""

    kind: str
    x: str
    ys: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `bar day volume_eth`; `none` is None. Raises ValueError for anything else."""
        if text == "none":
            return None
        match text.split():
            case [("bar" | "line" | "heat") as kind, x, *ys] if ys:
                return cls(kind, x, tuple(ys))
        raise ValueError(f"{text!r} is not a plot; write it as: bar X Y, line X Y…, heat X Y VALUE, or none")


@dataclass(frozen=True, slots=True)
class Question:
    """A named question with its SQL, in which `:name` is a bound parameter; `note` says what it leaves out.

    `needs` is what it reads of the market: market, orders, transfers or nothing. `looks_back` says that an answer
    depends on what was before its time.
    """

    name: str
    grain: str
    answers: str
    parameters: tuple[Parameter, ...]
    plot: Plot | None
    example: str
    note: str
    kinds: Mapping[str, Kind]
    sql: str
    needs: str = ""
    looks_back: bool = False

    @classmethod
    def parse(cls, name: str, sql: str) -> Self:
        """Read a question's file. Raises ValueError where its header lacks something or repeats it."""
        found: dict[str, list[str]] = {}
        note = []
        for line in takewhile(lambda line: line.startswith("--"), sql.splitlines()):
            if header := _LINE.fullmatch(line):
                found.setdefault(header["key"], []).append(header["value"])
            else:
                note.append(line.removeprefix("-- "))
        for key in ("Grain", "Answers", "Plot", "Example"):
            if len(found.get(key, ())) != 1:
                raise ValueError(f"the question {name!r} needs exactly one line '-- {key}: …' at its top")
        kinds = {
            column: kind
            for kind in (Kind.EXACT, Kind.WHOLE)
            for line in found.get(kind.capitalize(), ())
            for column in line.split()
        }
        parameters = tuple(Parameter.parse(text) for text in found.get("Parameter", ()))
        return cls(name, found["Grain"][0], found["Answers"][0], parameters, Plot.parse(found["Plot"][0]),
                   found["Example"][0], " ".join(note), kinds, sql, "".join(found.get("Needs", ())),
                   found.get("Looks") == ["back"])  # fmt: skip


def questions(folder: Path = QUERIES) -> list[Question]:
    """Return every question, in order of name. Raises Problem where one cannot be read."""
    return [_read(file) for file in sorted(folder.glob("*.sql"))]


def question(name: str, folder: Path = QUERIES) -> Question:
    """Return the question of that name; dashes do as well as underscores.

    Raises Problem, with the nearest names, where there is none.
    """
    known = {file.stem: file for file in folder.glob("*.sql")}
    wanted = name.replace("-", "_")
    if wanted in known:
        return _read(known[wanted])
    found = near(wanted, known)
    meant = f"Did you mean {' or '.join(found)}? " if found else ""
    raise Problem(f"there is no question {name!r}", f"{meant}`tidemark query` lists them all")


def _read(file: Path) -> Question:
    try:
        return Question.parse(file.stem, file.read_text())
    except ValueError as error:
        raise Problem(f"sql/queries/{file.name} is not a question: {error}",
                      "Correct its first lines, as those of the questions beside it") from error  # fmt: skip
