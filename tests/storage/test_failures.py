"""What an error means, and whether it may pass; docs/errors.md shows every class at its edge."""

import ast
import errno
import ssl
from collections.abc import Callable
from pathlib import Path

import botocore.exceptions
import httpx
import psycopg2
import pytest
import urllib3.exceptions

from tidemark.core.errors import Problem
from tidemark.storage.failures import failure_of, problem_of, transient

ROOT = Path(__file__).parents[2]


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
    assert problem.hint.endswith("the proxy settings. Nothing was lost")
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
        (botocore.exceptions.InvalidRegionError(region_name="x"), "the name of the region is not one that AWS has"),
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


# Where an error's own text is printed, and why it holds no secret.
PRINTED = {
    "collector/settings.py": "Tidemark's own words about a slug, and a Problem",
    "collector/upload/report.py": "what msgspec and zstandard say of bytes",
    "tidemark/airflow/run_hours.py": "Tidemark's own words about an hour",
    "tidemark/archive/record.py": "Python's words about a time or a depth",
    "tidemark/cli/simulate.py": "Tidemark's own words about an option",
    "tidemark/loader/repair/session.py": "a FaultError, in Tidemark's own words",
    "tidemark/loader/s3.py": "Tidemark's own words about a key, and what msgspec says of a manifest",
    "tidemark/loader/transform/outcome.py": "searched for a path, not repeated",
    "tidemark/loader/transform/read.py": "what msgspec says of a line, in quarantine",
    "tidemark/loader/warehouse/load.py": "the row of ops.load_run, whose sums are what is wrong",
    "tidemark/query/page/page.py": "Tidemark's own words about an hour",
    "tidemark/query/postgres.py": "searched for a name, not repeated",
    "tidemark/query/question.py": "Tidemark's own words about a file of SQL",
    "tidemark/storage/failures.py": "searched for a proxy's status, not repeated",
    "tidemark/storage/interrupt.py": "searched for a word, not repeated",
    "tidemark/storage/postgres_errors.py": "searched for libpq's phrases, not repeated",
    "tidemark/simulator/control.py": "the simulator's own words about a request",
    "tidemark/simulator/events_api/http.py": "the simulator's own words about a request",
}


def printers() -> set[str]:
    """Return the files in which the text of a caught error is put into another text."""
    found = set()
    for path in (*ROOT.glob("tidemark/**/*.py"), *ROOT.glob("collector/**/*.py"), *ROOT.glob("dags/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if any(prints(name)(part) for name in errors_named(node) for part in ast.walk(node)):
                found.add(str(path.relative_to(ROOT)))
    return found


def errors_named(node: ast.AST) -> list[str]:
    """Return the names under which a handler or a function has an error that may be a library's."""
    if isinstance(node, ast.ExceptHandler):
        return [node.name] if node.name and node.type and ast.unparse(node.type) != "Problem" else []
    if isinstance(node, ast.FunctionDef):
        given = [(each.arg, ast.unparse(each.annotation)) for each in node.args.args if each.annotation]
        return [name for name, kind in given if "Error" in kind or "Exception" in kind]
    return []


def prints(name: str) -> Callable[[ast.AST], bool]:
    """Return whether a part of a program turns an error, or the one that it wraps, into text."""

    def is_it(node: ast.AST) -> bool:
        return (isinstance(node, ast.Name) and node.id == name) or (
            isinstance(node, ast.Attribute) and node.attr in {"orig", "args"} and is_it(node.value)
        )

    def check(node: ast.AST) -> bool:
        if isinstance(node, ast.FormattedValue):
            return is_it(node.value)
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"str", "repr", "format"}
            and any(map(is_it, node.args))
        )

    return check


def test_the_text_of_an_error_is_printed_only_where_it_holds_no_secret() -> None:
    assert printers() == set(PRINTED)
