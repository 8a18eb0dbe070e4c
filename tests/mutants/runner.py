"""Mutants put into a copy of the project, one after the other, and the tests of each run in a process of its own.

The process is a fork of one that has imported the libraries, so that no mutant pays for that.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from tests.mutants.mutant import Mutant
from tests.mutants.targets import ROOT

_HEAVY = ("boto3", "hypothesis", "moto.server", "msgspec", "psycopg2", "pydantic_settings", "rich",
          "sqlalchemy.dialects.postgresql", "structlog", "websockets", "zstandard",
          "alembic.runtime.migration")  # fmt: skip
_OURS = ("tests", "tidemark", "collector")


class Copy:
    """A copy of the project's files in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in _HEAVY:
            import_module(name)

    def passes(self, tests: Sequence[str], limit: float) -> tuple[bool, float]:
        """Run test files; return whether all pass within `limit` seconds, and how long it took."""
        started, status = time.monotonic(), 1
        child = os.fork()
        if not child:
            try:
                status = self._run(tests)
            finally:  # nothing of the parent's goes on here
                os._exit(status)
        while time.monotonic() - started < limit:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.02)
        else:
            status = -1
            self._end(child)
        self._clear()
        return status == 0, time.monotonic() - started

    @contextmanager
    def holding(self, mutant: Mutant) -> Iterator[None]:
        """Put a mutant in the place of its file."""
        file = self._folder / mutant.path
        text = file.read_text()
        file.write_text(mutant.applied(text))
        try:
            yield
        finally:
            file.write_text(text)

    def _run(self, tests: Sequence[str]) -> int:
        os.setsid()
        os.chdir(self._folder)
        with (self._folder / "output.log").open("w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
            del sys.modules[name]
        sys.path.insert(0, str(self._folder))
        os.environ.update(PYTHONPATH=str(self._folder), PYTHONDONTWRITEBYTECODE="1")
        sys.dont_write_bytecode = True
        options = [
            "-x",
            "-q",
            "--assert=plain",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            f"--basetemp={self._folder / 'tmp'}",
        ]
        return int(pytest.main([*options, *tests]))

    def _end(self, child: int) -> None:
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(child).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)

    def _clear(self) -> None:
        """Remove what the tests wrote; a server that they left running ends first."""
        for file in (self._folder / "tmp").glob("*/data/postmaster.pid"):
            with suppress(OSError, ValueError, psutil.NoSuchProcess):
                psutil.Process(int(file.read_text().split()[0])).kill()
        shutil.rmtree(self._folder / "tmp", ignore_errors=True)


@contextmanager
def copied() -> Iterator[Copy]:
    """Copy the project's files, those that are not committed included."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    with TemporaryDirectory(prefix="mutants-") as folder:
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                copy = Path(folder) / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy)
        yield Copy(Path(folder))
