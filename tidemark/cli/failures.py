"""What a person reads when a command fails: a sentence and the next step, or where a fault of Tidemark is described."""

import os
import platform
import re
import secrets
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import requires
from pathlib import Path

import pydantic

from tidemark.core.errors import Problem, UsageError, raised_in
from tidemark.core.text import printable
from tidemark.core.version import DISTRIBUTION, SOFTWARE
from tidemark.storage.failures import failure_of
from tidemark.storage.settings import mistakes_of

FAILED, MISUSED, BROKEN = 1, 2, 70
_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|URL|DSN|CONN|CREDENTIAL|PROXY", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s@]*@")
_SHORTEST_SECRET = 4
_REQUIREMENT = re.compile(r"""(?P<name>[\w.-]+).*extra == ["'](?P<extra>\w+)["']""")


def explained(
    error: Exception, environ: Mapping[str, str], temporary: Callable[[], str] = tempfile.gettempdir
) -> tuple[str, int]:
    """Return what to print about an error that ended a command, and the exit status.

    `temporary` returns the last folder in which the details of an unexpected error may be kept.
    """
    while isinstance(error, ExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, pydantic.ValidationError) and error.title.endswith("Settings"):
        hint = "set them in the environment or in .env; docs/settings.md describes each"
        mistakes = "".join(f"\n  {mistake}" for mistake in mistakes_of(error))
        return f"tidemark: these settings are wrong or missing:{mistakes}\n  Next: {hint}", MISUSED
    if isinstance(error, Problem):
        return f"tidemark: {error.what}\n  Next: {error.hint}", MISUSED if isinstance(error, UsageError) else FAILED
    if isinstance(error, ModuleNotFoundError) and error.name and (extra := extra_of(error.name)):
        return (f"tidemark: this needs the package {error.name}, which is not installed here\n"
                f"  Next: pip install '{DISTRIBUTION}[{extra}]'"), FAILED  # fmt: skip
    if failure := failure_of(error):
        return f"tidemark: {_place(error)}: {failure.what}\n  Next: {failure.hint}", FAILED
    return _report(error, environ, [*_folders(environ), Path(temporary())]), BROKEN


def explained_in_parts(error: Exception, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return what `explained` says as what happened and the next step."""
    text, _ = explained(error, environ)
    what, _, hint = text.removeprefix("tidemark: ").partition("\n  Next: ")
    return what, hint


def extra_of(module: str) -> str | None:
    """Return the extra of this distribution that installs a module; None where it is not among them."""
    package = module.partition(".")[0].replace("_", "-").lower()
    for requirement in requires(DISTRIBUTION) or ():
        found = _REQUIREMENT.match(requirement)
        if found and found["extra"] != "dev" and found["name"].lower() in (package, f"{package}-binary"):
            return found["extra"]
    return None


def _place(error: Exception) -> str:
    """Return what an error is about, as far as it says so without a library's text."""
    name = getattr(error, "filename", None)
    if isinstance(name, str | bytes):
        return printable(os.fsdecode(name))
    return "input or output" if isinstance(error, OSError) else type(error).__module__.partition(".")[0]


def _report(error: Exception, environ: Mapping[str, str], folders: Iterable[Path]) -> str:
    """Write the details of an error that Tidemark did not expect into a file, and say where that is."""
    reference = secrets.token_hex(4)
    details = "".join(traceback.format_exception(error))
    text = f"{SOFTWARE}, Python {platform.python_version()}, {platform.platform()}\n{sys.argv[1:2]}\n\n{details}"
    head = f"tidemark: this is a fault of Tidemark itself ({type(error).__name__}, reference {reference})"
    for folder in folders:
        file = folder / f"tidemark-fault-{reference}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as written:
                written.write(without_secrets(text, environ))
        except OSError:
            continue
        return f"{head}\n  Next: report it with the file {file}; values of secrets were removed from it"
    where = raised_in(error)
    return f"{head}{f' in {where}' if where else ''}\n  Next: report it; no folder could be written for the details"


def _folders(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield where details may be kept: the service's folder, or the person's."""
    if service := environ.get("STATE_DIRECTORY"):
        yield Path(service.partition(":")[0])
    if state := environ.get("XDG_STATE_HOME"):
        yield Path(state) / "tidemark"
    if home := environ.get("HOME"):
        yield Path(home) / ".local" / "state" / "tidemark"


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """Return a text in which no value of a variable that may be secret occurs, nor a password in an address."""
    for name in sorted(environ, key=lambda name: -len(environ[name])):
        if _SECRET_NAME.search(name) and len(environ[name]) >= _SHORTEST_SECRET:
            text = text.replace(environ[name], f"<{name}>")
    return _PASSWORD.sub(r"\1<password>@", text)
