"""Asking the warehouse, read-only."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, InternalError, ProgrammingError

from archive.problem import Problem
from loader.query.answer import Answer
from loader.query.parameter import values_of
from loader.query.question import Question
from loader.warehouse.postgres import connected

# a question reads hundreds of thousands of rows and is asked by one person: its sums fit in memory
SESSION = "SET TRANSACTION READ ONLY; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"
_NEWEST = "SELECT max(hour) + interval '1 hour' FROM mart.hour_quality"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_MIGRATED = ("42P01", "3F000", "42703")  # undefined table, schema, column
_FORBIDDEN = "42501"


def ask(url: SecretStr, question: Question, given: Mapping[str, str]) -> Answer:
    """Answer a question with the parameters a person gave as text.

    The session is read-only, and values travel as bound parameters. Raises Problem for a parameter that is
    wrong or missing, for a database that is down, not migrated or closed to this user.
    """
    with connected(url) as connection:
        try:
            connection.execute(text(SESSION))
            newest = connection.scalar(text(_NEWEST)) or _EPOCH
            values = values_of(question.parameters, given, newest)
            result = connection.execute(text(question.sql), values)
            return Answer(tuple(result.keys()), [tuple(row) for row in result])
        except (DataError, InternalError, ProgrammingError) as error:
            raise _problem(error) from error


def _problem(error: DBAPIError) -> Problem:
    state = getattr(error.orig, "pgcode", None)
    said = str(error.orig).splitlines()[0]
    if state in _NOT_MIGRATED:
        return Problem(f"the warehouse lacks what this question reads: {said}", "Run: tidemark migrate")
    if state == _FORBIDDEN:
        return Problem(f"this user may not read the warehouse: {said}",
                       "Ask its owner for: GRANT tidemark_reader TO your user")  # fmt: skip
    return Problem(f"the question failed: {said}", "Report it together with the question's name and parameters")
