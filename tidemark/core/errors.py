"""The one error that a person is meant to act on."""


class Problem(Exception):
    """Something is wrong that a person can put right.

    `what` says what happened and with which value, `hint` what to do next. Never holds a secret.
    """

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}. {self.hint}"
