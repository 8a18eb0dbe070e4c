"""The page docs/errors.md: every error that a library can raise at an edge, and what a person reads: `make docs`.

Each error is raised where the library would raise it, and the page repeats what came out at the edge.
"""

import errno
import inspect
import os
import socket
import ssl
import string
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import botocore.exceptions
import botocore.parsers
import httpx
import psycopg2
import psycopg2.errorcodes
import psycopg2.errors
import sqlalchemy.exc
import urllib3.exceptions
import websockets.exceptions
from pydantic_settings import SettingsError
from websockets.datastructures import Headers
from websockets.frames import Close
from websockets.http11 import Response

from collector.stream.websocket import ConnectError, failure_to_connect
from tidemark.check.stream import stream_problem
from tidemark.cli.failures import explained
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.s3 import S3Archive
from tidemark.storage import postgres_errors, s3_errors
from tidemark.storage.failures import problem_of, transient
from tidemark.storage.network import Cause
from tidemark.storage.s3 import S3Store
from tidemark.storage.settings import Settings
from tools.damages import DAMAGES, Damage
from tools.unraised import UNRAISED

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"
SECRET = "secret-that-must-not-show"  # noqa: S105 - what the tests look for
_HEAD = """# Errors

What a person reads when something outside fails, and whether the same is tried again by itself: by Airflow for about
six hours, by cron at the next run. Every error class is raised at its edge by a test, which compares this page; no
library's own text is repeated, because it may hold a key, a password or a row; only what zstandard and msgspec say of
damaged bytes is, for it names types and places.

An error that is not listed is a fault of Tidemark itself. The command then ends with exit status 70 and a reference
number, and writes the details to `tidemark-fault-REFERENCE.txt` in the service's state folder, in
`~/.local/state/tidemark`, or in the folder for temporary files. Values of secrets are removed from it. `tidemark check`
shows the number as the result of that check and goes on; and what a client of S3 raises beside the listed is called an
AWS configuration that cannot be used, for it comes from a file or a program that this names.

This page is written by `make docs`.
"""
_STREAM = "wss://host/socket/websocket"
Said = tuple[str, str, bool]


class _Failing:
    """A client of boto3 that raises an error from every request."""

    meta = SimpleNamespace(endpoint_url="https://HOST")

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _: str) -> Callable[..., Any]:
        def request(*_: object, **__: object) -> None:
            raise self._error

        return request


def uploading(error: Exception) -> Said:
    """Return what the uploader says where a request fails."""
    client: Any = _Failing(error)
    return _said(lambda: S3Store(client, "BUCKET").put("KEY", b"x", sha256="00" * 32, media_type="text/plain"))


def reading(error: Exception) -> Said:
    """Return what the loader says where a request fails."""
    client: Any = _Failing(error)
    return _said(lambda: S3Archive(client, "BUCKET", "").listed(Hour.parse("2026-11-22T15")))


def asking(error: Exception) -> Said:
    """Return what everything that uses the warehouse says; `tests/storage` raises the same inside a real connection."""

    def fail() -> None:
        raise problem_of("the warehouse (HOST:5432, database DATABASE, user USER)", error) or error

    return _said(fail)


def connecting(error: Exception) -> Said:
    """Return what the collector does where a connection fails: it ends, or records a gap and tries again."""

    def fail() -> None:
        raise failure_to_connect(_STREAM, error) or error

    try:
        return _said(fail)
    except ConnectError as failure:
        counted = f"`{failure.reason}`" + (f", cause `{failure.cause}`" if failure.cause != failure.reason else "")
        what = f"{failure.problem.what} (a gap of the reason {counted})"
        return what, failure.problem.hint, True  # the collector does so in any case


def checking(error: Exception) -> Said:
    """Return what `tidemark check` says where the Stream API does not answer as it should."""

    def fail() -> None:
        raise stream_problem(_STREAM, error) or error

    return _said(fail)


def taking(error: Exception) -> Said:
    """Return what becomes of damaged bytes: what a person reads, or what is done without one."""
    assert isinstance(error, Damaged)  # noqa: S101 - of this edge
    kept: list[str] = []
    try:
        return _said(lambda: kept.append(error.damage.reads()))
    except AssertionError:
        return kept[0], "Nothing", False


def running(error: Exception) -> Said:
    """Return what a command says where an error ends it."""
    text, _ = explained(error, {"HOME": os.devnull}, lambda: os.devnull)  # no file is left behind
    what, _, hint = text.removeprefix("tidemark: ").partition("\n  Next: ")
    return what, hint, transient(error)


def _said(act: Callable[[], object]) -> Said:
    try:
        act()
    except Problem as problem:
        return problem.what, problem.hint, problem.transient
    except ConnectError:
        raise
    except Exception as error:  # noqa: BLE001 - an error that an edge does not know ends the command
        return running(error)
    raise AssertionError("nothing failed")


def classes_of(module: ModuleType, base: type[Exception]) -> Iterator[type[Exception]]:
    """Yield the public exceptions of a module."""
    for name in sorted(getattr(module, "__all__", vars(module))):
        kind = getattr(module, name, None)
        if isinstance(kind, type) and issubclass(kind, base) and not issubclass(kind, Warning):
            yield kind


def boto_errors() -> Iterator[Exception]:
    """Yield one error of each class that boto3's library can raise, each with a secret in its text."""
    for kind in classes_of(botocore.exceptions, botocore.exceptions.BotoCoreError):
        fields = {name for _, name, _, _ in string.Formatter().parse(getattr(kind, "fmt", "")) if name}
        parameters = inspect.signature(kind.__init__).parameters.values()
        wanted = {each.name for each in parameters if each.default is each.empty}
        names = {name.partition("[")[0] for name in fields} | wanted - {"self", "args", "kwargs"}
        yield kind(**dict.fromkeys(names, SECRET))
    yield botocore.parsers.ResponseParserError(SECRET)


def s3_refusals() -> Iterator[Exception]:
    """Yield an answer with each error code of S3 that is known, and some that are not."""
    statuses = {"SlowDown": 503, "ThrottlingException": 400, "InternalError": 500, "Unknown": 418}
    for code in [*sorted(s3_errors.CHECKSUM_CODES), *s3_errors.CODES, *statuses]:
        status = statuses.get(code, int(code) if code.isdigit() else 400)
        answer: Any = {"Error": {"Code": code, "Message": SECRET}, "ResponseMetadata": {"HTTPStatusCode": status}}
        yield botocore.exceptions.ClientError(answer, "PutObject")


def http_errors() -> Iterator[Exception]:
    """Yield errors of urllib3 and httpx, with and without the cause that tells more."""
    pool: Any = SimpleNamespace(host="HOST")
    for kind in classes_of(urllib3.exceptions, urllib3.exceptions.HTTPError):
        count = len([each for each in inspect.signature(kind.__init__).parameters.values()
                     if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD]) - 1  # fmt: skip
        pooled = issubclass(kind, urllib3.exceptions.PoolError | urllib3.exceptions.NewConnectionError)
        try:
            yield kind(*([pool] if pooled else [SECRET]), *[SECRET] * (count - 1))
        except (TypeError, AttributeError, ValueError):
            yield kind.__new__(kind)
    for kind in classes_of(httpx, httpx.HTTPError):
        if kind is not httpx.HTTPStatusError:
            yield kind(SECRET)
    yield httpx.InvalidURL(SECRET)


def connection_errors() -> Iterator[Exception]:
    """Yield what a connection can fail of, bare and inside the wrapper of a library."""
    untrusted = ssl.SSLCertVerificationError(1, SECRET)
    for cause in (
        socket.gaierror(socket.EAI_NONAME, SECRET),
        ConnectionRefusedError(errno.ECONNREFUSED, SECRET),
        ConnectionResetError(errno.ECONNRESET, SECRET),
        TimeoutError(SECRET),
        OSError(errno.EHOSTUNREACH, SECRET),
        OSError(errno.ENETUNREACH, SECRET),
        ssl.SSLError(1, SECRET),
        untrusted,
    ):
        yield cause
        yield botocore.exceptions.EndpointConnectionError(endpoint_url=SECRET, error=cause)


def asked_errors() -> Iterator[Exception]:
    """Yield what a websocket can fail of while it is opened and while it is asked."""
    yield from websocket_errors()
    for kind in (websockets.exceptions.ConnectionClosedError, websockets.exceptions.ConnectionClosedOK):
        yield kind(Close(1011, SECRET), None)


def websocket_errors() -> Iterator[Exception]:
    """Yield what a websocket can fail of while it is opened."""
    for status in (302, 401, 404, 429, 500):
        yield websockets.exceptions.InvalidStatus(Response(status, SECRET, Headers(Location=SECRET)))
    yield websockets.exceptions.InvalidProxyStatus(Response(407, SECRET, Headers()))
    for kind in classes_of(websockets.exceptions, websockets.exceptions.InvalidHandshake):
        parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
        types = [
            each.annotation for each in parameters if each.annotation is not each.empty and each.default is each.empty
        ]
        if "http11.Response" not in types:
            yield kind(*([0 if each == "int" else SECRET for each in types] or [SECRET]))
    yield websockets.exceptions.InvalidProxy(SECRET, SECRET)
    yield websockets.exceptions.InvalidURI(SECRET, SECRET)
    yield from (ImportError(SECRET), UnicodeError(SECRET), EOFError(), TimeoutError(SECRET))
    yield ConnectionRefusedError(errno.ECONNREFUSED, SECRET)
    yield socket.gaierror(socket.EAI_NONAME, SECRET)
    yield ssl.SSLCertVerificationError(1, SECRET)


def postgres_errors_of() -> Iterator[Exception]:
    """Yield an error with each SQLSTATE, connections that never came up, and SQLAlchemy's own."""
    for name, code in sorted(vars(psycopg2.errorcodes).items()):
        if name.isupper() and isinstance(code, str) and len(code) == postgres_errors.LENGTH:
            try:
                kind = psycopg2.errors.lookup(code)
            except KeyError:
                continue
            yield type(kind.__name__, (kind,), {"pgcode": code, "__module__": kind.__module__})(SECRET)
    for phrase in ("password authentication failed", "unsupported startup parameter: options", SECRET):
        yield psycopg2.OperationalError(f"connection to server failed: {phrase}")
    for base in classes_of(psycopg2, psycopg2.Error):
        yield base(SECRET)
        wrapper = getattr(sqlalchemy.exc, base.__name__, sqlalchemy.exc.DBAPIError)
        yield wrapper(SECRET, {}, base(SECRET))
    yield sqlalchemy.exc.DBAPIError(SECRET, {}, psycopg2.DatabaseError(SECRET), connection_invalidated=True)


class Damaged(Exception):
    """Bytes that a library refuses: the error that it raises, and where Tidemark reads such bytes."""

    def __init__(self, damage: Damage, error: Exception) -> None:
        super().__init__(damage, error)
        self.damage = damage
        self.error = error


def damages() -> Iterator[Exception]:
    """Yield what the libraries raise for damaged bytes."""
    for damage in DAMAGES:
        yield Damaged(damage, _raised(damage.raises))


def settings_errors() -> Iterator[Exception]:
    """Yield what wrong settings raise."""
    yield _raised(lambda: Settings(plaintext_hosts=7, _env_file=None))
    yield SettingsError(SECRET)


def _raised(act: Callable[[], object]) -> Exception:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever it is, the page shows it
        return error
    raise AssertionError("nothing failed")


def disk_errors() -> Iterator[Exception]:
    """Yield an error with each errno of this system."""
    for code in sorted(errno.errorcode):
        yield OSError(code, SECRET, "FILE")


EDGES: tuple[tuple[str, Callable[[Exception], Said], Callable[[], Iterable[Exception]]], ...] = (
    ("S3, when hours are uploaded: what a server answers", uploading, s3_refusals),
    ("S3, when hours are uploaded: what boto3 raises", uploading, boto_errors),
    ("S3, when hours are loaded: what boto3 raises", reading, boto_errors),
    ("S3: what a connection fails of", reading, connection_errors),
    ("The warehouse", asking, postgres_errors_of),
    ("HTTP, where it ends a command", running, http_errors),
    ("The stream, when the collector connects", connecting, websocket_errors),
    ("The stream, in `tidemark check`", checking, asked_errors),
    ("Damaged files and objects", taking, damages),
    ("Settings", running, settings_errors),
    ("Files, input and output", running, disk_errors),
)


def name_of(error: Exception) -> str:
    """Return how the page names an error: its class, and the code that tells it apart."""
    if isinstance(error, Damaged):
        return f"{name_of(error.error)} in {error.damage.place}"
    if isinstance(error, websockets.exceptions.InvalidStatus):
        return f"websockets.InvalidStatus of {error.response.status_code}"
    kind = type(error)
    package = kind.__module__.partition(".")[0]
    name = kind.__name__ if package == "builtins" else f"{package}.{kind.__name__}"
    if isinstance(error, botocore.exceptions.ClientError):
        return s3_errors.code_of(error)
    if isinstance(error, OSError) and type(error).__module__ == "builtins" and error.errno:
        return errno.errorcode[error.errno]
    state = getattr(error, "pgcode", None)
    cause = getattr(error, "kwargs", {}).get("error") if isinstance(error, botocore.exceptions.BotoCoreError) else None
    inside = f" of {name_of(cause)}" if isinstance(cause, Exception) else ""
    return f"{state} {kind.__name__}" if state else name + inside


def page() -> str:
    """Return the whole page; errors that say the same share a row."""
    return _HEAD + _causes() + "".join(_section(*edge) for edge in EDGES) + _unraised()


def _causes() -> str:
    """Return the section of what a connection fails of."""
    head = (
        "\n## What a connection fails of\n\nThe same words for OpenSea, S3, the warehouse and webhooks. The log of the "
        "collector has them as `problem` and `hint`, and\n`tidemark_connect_failures_total` counts the causes; a gap "
        "has its reason (docs/operator.md).\n\n| cause | what happened | next step |\n|---|---|---|\n"
    )
    return head + "".join(f"| `{cause}` | {cause.sentence} | {_cell(cause.hint)} |\n" for cause in Cause)


def _section(title: str, edge: Callable[[Exception], Said], errors: Callable[[], Iterable[Exception]]) -> str:
    rows: dict[Said, list[str]] = {}
    for error in errors():
        what, hint, passes = edge(error)
        if "fault of Tidemark" in what:
            what, hint = "a fault of Tidemark itself, with a reference number", "Report it with the file that is named"
        for code in (s3_errors.code_of(error),) if isinstance(error, botocore.exceptions.ClientError) else ():
            what = what.replace(code, "CODE")
        rows.setdefault((what, hint, passes), []).append(name_of(error))
    head = f"\n## {title}\n\n| error | what happened | next step | tried again |\n|---|---|---|---|\n"
    return head + "".join(
        f"| {', '.join(dict.fromkeys(f'`{name}`' for name in names))} | {_cell(what)} | {_cell(hint)} | "
        f"{'yes' if passes else 'no'} |\n"
        for (what, hint, passes), names in rows.items()
    )


def _unraised() -> str:
    """Return the section of the classes that have no row."""
    rows = "".join(f"| {', '.join(f'`{name}`' for name in names.split())} | {why} |\n" for why, names in UNRAISED)
    head = "\n## Without a row\n\nThe other public classes of these libraries, which none of these edges raises.\n\n"
    return f"{head}| error | why |\n|---|---|\n{rows}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(PAGE.parents[1])} written\n")
