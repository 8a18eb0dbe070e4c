"""The results of checks, and how a check that fails becomes one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError
from rich import box
from rich.table import Table
from rich.text import Text

from tidemark.storage.failures import failure_of
from tidemark.storage.settings import mistakes_of

Unexpected = Callable[[Exception], tuple[str, str]]
State = Literal["ok", "warning", "failed", "skipped"]
_STYLES: dict[State, str] = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


@dataclass(frozen=True)
class Result:
    """The result of one check of one program; `hint` is the next step, empty where none is needed."""

    program: str
    check: str
    state: State
    note: str
    hint: str = ""


@dataclass(frozen=True)
class Check:
    """A check of one program: its name, and the function that returns what was found.

    The function returns a note, or a `Warned`. It may raise anything; what is raised is a failure.
    """

    name: str
    run: Callable[[], "str | Warned"]


@dataclass(frozen=True)
class Warned:
    """Something that works now and may not work later."""

    note: str
    hint: str


def run_checks(program: str, checks: list[Check], unexpected: Unexpected | None = None) -> Iterator[Result]:
    """Yield the result of each check, one after the other; one that fails keeps none of the others from running.

    `unexpected` says of an error that is not known what happened, and the next step; without it, it is raised.
    """
    for check in checks:
        try:
            found = check.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes a result
            yield Result(program, check.name, "failed", *_worded(error, unexpected))
        else:
            if isinstance(found, Warned):
                yield Result(program, check.name, "warning", found.note, found.hint)
            else:
                yield Result(program, check.name, "ok", found)


def _worded(error: Exception, unexpected: Unexpected | None) -> tuple[str, str]:
    """Return what an error means and the next step."""
    if isinstance(error, ValidationError):
        return "\n".join(mistakes_of(error)), "Set them in the environment or in .env; docs/settings.md describes each"
    if failure := failure_of(error):
        return failure.what, failure.hint
    if unexpected is None:
        raise error
    return unexpected(error)


def table(results: list[Result]) -> Table:
    """Return the results as one table that fits 80 columns; a hint is below its note."""
    shown = Table("program", "check", "result", "", box=box.SIMPLE_HEAD)
    shown.padding, shown.show_edge = (0, 1, 0, 0), False
    previous = ""
    for result in results:
        if previous not in ("", result.program):
            shown.add_section()
        note = Text(result.note)
        if result.hint:
            note.append(f"\nNext: {result.hint}", "bold" if result.state == "failed" else "")
        program = "" if previous == result.program else result.program
        shown.add_row(program, result.check, Text(result.state, _STYLES[result.state]), note)
        previous = result.program
    return shown
