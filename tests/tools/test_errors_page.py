"""docs/errors.md holds what comes out at each edge, and no secret of a library's text."""

import os

import boto3.exceptions
import botocore.exceptions
import httpx
import msgspec
import psycopg2.errors
import pydantic
import pydantic_core
import pydantic_settings
import pytest
import sqlalchemy.exc
import urllib3.exceptions
import websockets.exceptions
import zstandard

from tidemark.airflow.notifier import reason_of
from tidemark.check.report import Check, run_checks
from tidemark.cli.failures import explained
from tidemark.core.errors import Problem
from tidemark.query.postgres import problem_of_query
from tools.errors_page import EDGES, PAGE, SECRET, classes_of, name_of, page, uploading
from tools.unraised import UNRAISED


@pytest.mark.locked
def test_the_page_is_what_make_docs_writes() -> None:
    assert PAGE.read_text() == page()


@pytest.mark.parametrize(("title", "edge", "errors"), EDGES, ids=[edge[0] for edge in EDGES])
def test_no_text_of_a_library_comes_out(title: str, edge, errors) -> None:
    raised = list(errors())
    assert raised, title
    for error in raised:
        what, hint, _ = edge(error)
        assert SECRET not in f"{what} {hint}", name_of(error)
        assert what
        assert hint


def test_every_error_of_boto3_is_worded() -> None:
    for title, edge, errors in EDGES:
        if "boto3 raises" in title:
            assert not [name_of(error) for error in errors() if "fault of Tidemark" in edge(error)[0]]


def test_a_timeout_is_one_of_the_archive_and_not_of_the_disk() -> None:
    what, _, passes = uploading(botocore.exceptions.ReadTimeoutError(endpoint_url="x", error="y"))
    assert what == "bucket 'BUCKET' at host: no answer came in time"
    assert passes


def test_a_file_that_a_client_cannot_read_is_one_of_its_configuration() -> None:
    what, hint, _ = uploading(FileNotFoundError(2, "gone", "/run/a-token"))
    assert what == "bucket 'BUCKET' at host: the AWS configuration cannot be used (FileNotFoundError)"
    assert "the files and programs that these name" in hint


def test_problems_pass_as_they_are() -> None:
    assert uploading(Problem("what", "hint")) == ("what", "hint", False)


LIBRARIES = (
    botocore.exceptions, boto3.exceptions, urllib3.exceptions, httpx, psycopg2, psycopg2.errors, sqlalchemy.exc,
    websockets.exceptions, zstandard, msgspec, pydantic, pydantic_core, pydantic_settings,
)  # fmt: skip


OURS = tuple(library.__name__.partition(".")[0] for library in LIBRARIES)  # some show classes of others as well


def full_name(kind: type) -> str:
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


@pytest.mark.locked
def test_every_public_error_of_a_library_has_a_row_or_a_reason() -> None:
    raised = {full_name(type(getattr(error, "error", error))) for _, _, errors in EDGES for error in errors()}
    kinds = {kind for library in LIBRARIES for kind in classes_of(library, Exception)}
    public = {full_name(kind) for kind in kinds if kind.__module__.startswith(OURS)}
    reasons = [name for _, names in UNRAISED for name in names.split()]
    assert public - raised - set(reasons) == set()
    assert set(reasons) & raised == set()
    assert set(reasons) <= public
    assert len(reasons) == len(set(reasons))


def worded(error: Exception) -> str:
    """Return what a command says; its details go nowhere."""
    return explained(error, {}, lambda: os.devnull)[0]


def checked(error: Exception) -> str:
    def fail() -> str:
        raise error

    try:
        return str(list(run_checks("loader", [Check("a check", fail)])))
    except type(error):  # a fault, which ends the command
        return worded(error)


def asked(error: Exception) -> str:
    wrapped = error if isinstance(error, sqlalchemy.exc.DBAPIError) else sqlalchemy.exc.DBAPIError(SECRET, {}, error)
    return str(problem_of_query(wrapped) or "")


# Every place that puts an error into words for a person.
OUTLETS = (reason_of, checked, asked, worded)


@pytest.mark.parametrize("outlet", OUTLETS)
def test_no_outlet_repeats_what_a_library_says(outlet) -> None:
    for _, _, errors in EDGES:
        for error in errors():
            assert SECRET not in outlet(error), name_of(error)
