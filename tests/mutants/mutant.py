"""One mutant: a source file with one small fault."""

from typing import NamedTuple

LONGEST = 100  # characters of a text that is shown


class Mutant(NamedTuple):
    """`old`, at an offset of a file's text, is replaced by `new`; `nth` counts equal ones of its line, from 1."""

    path: str
    offset: int
    old: str
    new: str
    line: str
    number: int
    nth: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it in docs/mutants.md, whatever its line's number is: file, line, and change."""
        nth = f" ({self.nth})" if self.nth > 1 else ""
        return self.path, shown(self.line), f"`{shown(self.old)}` → `{shown(self.new)}`{nth}"

    def applied(self, text: str) -> str:
        """Return the file's text with the fault in it."""
        return f"{text[: self.offset]}{self.new}{text[self.offset + len(self.old) :]}"

    def __str__(self) -> str:
        path, line, change = self.key
        return f"{path}:{self.number}: `{line}`: {change}"


def mutant_of(path: str, text: str, start: int, end: int, new: str) -> Mutant:
    """Return the mutant that replaces `text[start:end]`."""
    begin = text.rfind("\n", 0, start) + 1
    line = text[begin:].partition("\n")[0]
    old = text[start:end]
    nth = line[: start - begin].count(old) + 1 if old else 1
    return Mutant(path, start, old, new, line.strip(), text.count("\n", 0, start) + 1, nth)


def shown(text: str) -> str:
    """Return a text on one line, cut."""
    text = " ".join(text.split()).replace("`", "'")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
