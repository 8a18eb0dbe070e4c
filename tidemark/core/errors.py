"""The errors that a person is meant to act on."""

import traceback

from tidemark.core.text import printable


class Problem(Exception):
    """Something is wrong that a person can put right, or that passes.

    `what` says what happened and with which value, `hint` what to do next; `transient` says whether the same may
    succeed later without any change. Never holds a secret, nor a character that acts on a terminal.
    """

    def __init__(self, what: str, hint: str, transient: bool = False) -> None:
        super().__init__(what, hint, transient)
        self.what = printable(what, lines=True)
        self.hint = printable(hint, lines=True)
        self.transient = transient

    def __str__(self) -> str:
        return f"{self.what}. {self.hint}"


class UsageError(Problem):
    """What was asked for cannot be meant, whatever the state of the world, such as a range that runs backwards."""


def raised_in(error: BaseException) -> str | None:
    """Return the file, without its folders, and the line that raised an error; None for one that was not raised."""
    frames = traceback.extract_tb(error.__traceback__)[-1:]
    return next((f"{frame.filename.rpartition('/')[2]}, line {frame.lineno}" for frame in frames), None)
