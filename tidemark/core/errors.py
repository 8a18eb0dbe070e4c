"""The one error that a person is meant to act on."""

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
