"""A program of the system in its own process group, with its output in a file."""

import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from tidemark.core.errors import Problem

GRACE = 10.0
_POLL = 0.05


def tidemark(*arguments: str) -> list[str]:
    """Return the command line of a verb, as installed beside the Python that runs now."""
    return [str(Path(sys.executable).with_name("tidemark")), *arguments]


class Service(ABC):
    """What is started and stopped; a `with` block does both."""

    @abstractmethod
    def start(self) -> object:
        """Start it, also again after its end, and wait until it works."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it; harmless when it does not run."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Process(Service):
    """One program: started in its own session, so that a terminal's Ctrl-C reaches it only through `stop`.

    Its working folder is the folder of its log, so that a `.env` in the person's folder is not read.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def start(self) -> Self:
        """Start the program; what it prints is appended to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.log.parent,
                start_new_session=True,
            )
        return self

    @property
    def pid(self) -> int | None:
        """The process id while the program runs."""
        return self.leader if self._process and self._process.poll() is None else None

    @property
    def leader(self) -> int | None:
        """The process id of the last start, also after its end: its session and process group have the same number."""
        return self._process.pid if self._process else None

    def run(self, timeout: float = 120.0) -> str:
        """Start the program, wait for its end, and return what this run printed.

        Raises Problem when it fails or takes longer than `timeout` seconds.
        """
        try:
            status = self.start().wait(timeout)
        finally:
            self.stop()
        if status is None:
            raise self.failure(f"no end within {timeout:g} s")
        if status != 0:
            raise self.failure(f"ended with status {status}")
        return self.output()

    def output(self) -> str:
        """Return what the program has printed since its last start; the log also holds the output of earlier starts."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def first_line(self, timeout: float) -> str:
        """Wait up to `timeout` seconds for the first line that the program prints, and return it."""
        deadline = time.monotonic() + timeout
        while "\n" not in (text := self.output()):
            if not self.pid or time.monotonic() > deadline:
                raise self.failure("it did not start")
            time.sleep(_POLL)
        return text.partition("\n")[0]

    def wait(self, timeout: float) -> int | None:
        """Wait up to `timeout` seconds for the program's end; return its exit status, None while it runs."""
        if not self._process:
            return None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """Kill the whole group at once, as a crash would."""
        if self._process:
            _kill_group(self._process.pid)
            self._process.wait()

    def stop(self, grace: float = GRACE) -> None:
        """Ask the program to end, wait `grace` seconds, then kill whatever is left of its group."""
        if not self._process:
            return
        self._process.terminate()
        self.wait(grace)
        _kill_group(self._process.pid)
        self._process.wait()
        self._process = None

    def failure(self, what: str) -> Problem:
        """Return the Problem of this program, with the last lines it printed."""
        return Problem(f"{self.name}: {what}\n{self.tail()}", f"Read its log: {self.log}")

    def tail(self, lines: int = 5) -> str:
        """Return the last lines that the program has printed since its last start."""
        return "\n".join(self.output().splitlines()[-lines:]) if self.log.exists() else ""


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):  # the group is empty
        os.killpg(leader, signal.SIGKILL)
