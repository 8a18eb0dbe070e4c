"""What an error means, and whether it may pass; docs/errors.md shows every class at its edge."""

import errno
import ssl

import botocore.exceptions
import httpx
import psycopg2
import pytest
import urllib3.exceptions

from tidemark.core.errors import Problem
from tidemark.storage.failures import failure_of, problem_of, transient


def worded(error: Exception) -> str:
    failure = failure_of(error)
    assert failure is not None
    return failure.what


def test_an_unknown_error_has_no_meaning() -> None:
    assert failure_of(ValueError("x")) is None
    assert problem_of("the bucket", KeyError("x")) is None
    assert not transient(ValueError("x"))
    assert not transient(None)


def test_a_problem_keeps_its_words_and_names_its_place() -> None:
    problem = problem_of("the bucket", ConnectionResetError(), "Nothing was lost")
    assert problem is not None
    assert problem.what == "the bucket: the connection was cut"
    assert problem.hint.endswith("run it again. Nothing was lost")
    assert problem.transient


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (ssl.SSLCertVerificationError(1, "x"), "its certificate is not trusted"),  # whose errno is that of EPERM
        (ssl.SSLError(1, "x"), "a TLS handshake or record failed"),
        (PermissionError(errno.EACCES, "x"), "access is denied"),
        (OSError(errno.ENOSPC, "x"), "no space is left on the disk"),
        (OSError("no errno at all"), "the operating system refused (no code)"),
        (urllib3.exceptions.SSLError(ssl.SSLError(1, "damaged record")), "a TLS handshake or record failed"),
        (httpx.ConnectError("x"), "an answer was no HTTP or was damaged on the way"),
    ],
)
def test_the_nearest_class_decides(error: Exception, what: str) -> None:
    assert worded(error) == what


def test_a_wrapper_is_worded_by_the_cause_that_it_holds_wherever_it_holds_it() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "x")
    inside = botocore.exceptions.EndpointConnectionError(endpoint_url="x", error=refused)
    caused = httpx.ConnectError("x")
    caused.__cause__ = OSError(errno.EHOSTUNREACH, "x")
    assert worded(inside) == "the connection was refused"
    assert worded(caused) == "there is no route to it"
    loop = httpx.ConnectError("x")
    loop.__cause__ = loop
    assert worded(loop)
    endless = ValueError("x")
    endless.__cause__ = endless
    assert not transient(endless)


def test_a_problem_is_as_transient_as_what_it_came_from() -> None:
    problem = Problem("the warehouse failed", "Look")
    assert not transient(problem)
    problem.__cause__ = psycopg2.OperationalError("server closed the connection unexpectedly")
    assert transient(problem)
    problem.__cause__ = psycopg2.OperationalError("password authentication failed")
    assert not transient(problem)
    assert transient(Problem("no answer", "Later", transient=True))
