"""The questions as they lie on disk, in `sql/queries/`."""

from difflib import get_close_matches
from pathlib import Path

from archive.problem import Problem
from loader.query.question import Question

QUERIES = Path(__file__).parents[2] / "sql" / "queries"


def questions() -> list[Question]:
    """Return every question, in order of name."""
    return [Question.parse(file.stem, file.read_text()) for file in sorted(QUERIES.glob("*.sql"))]


def question(name: str) -> Question:
    """Return the question of that name; dashes do as well as underscores.

    Raises Problem, with the nearest names, where there is none.
    """
    known = {each.name: each for each in questions()}
    if found := known.get(name.replace("-", "_")):
        return found
    near = get_close_matches(name.replace("-", "_"), known, n=3)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    raise Problem(f"there is no question {name!r}", f"{meant}`tidemark query` lists them all")
