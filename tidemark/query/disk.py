"""The questions as they lie on disk, in `sql/queries/`."""

from difflib import get_close_matches

from tidemark.core.errors import Problem
from tidemark.query.question import Question
from tidemark.storage.files import shipped

QUERIES = shipped("sql") / "queries"


def questions() -> list[Question]:
    """Return every question, in order of name."""
    return [_read(file.stem) for file in sorted(QUERIES.glob("*.sql"))]


def question(name: str) -> Question:
    """Return the question of that name; dashes do as well as underscores.

    Raises Problem, with the nearest names, where there is none.
    """
    known = [file.stem for file in QUERIES.glob("*.sql")]
    if name.replace("-", "_") in known:
        return _read(name.replace("-", "_"))
    near = get_close_matches(name.replace("-", "_"), known, n=3)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    raise Problem(f"there is no question {name!r}", f"{meant}`tidemark query` lists them all")


def _read(name: str) -> Question:
    try:
        return Question.parse(name, (QUERIES / f"{name}.sql").read_text())
    except ValueError as error:
        raise Problem(f"sql/queries/{name}.sql is not a question: {error}",
                      "Correct its first lines, as those of the questions beside it") from error  # fmt: skip
