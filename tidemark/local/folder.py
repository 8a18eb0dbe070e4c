"""One system per folder: its lock, and the programs that a killed owner left behind."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from tidemark.core.errors import Problem
from tidemark.local.services.postgres import Postgres
from tidemark.storage.files import LockedError, locked

GRACE = 5.0
_TITLES = ("airflow", "postgres:")  # Airflow and PostgreSQL replace their command lines by these


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; the lock file lies beside it. Raises Problem while another process holds it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder.with_name(f"{folder.name}.lock")))
        except LockedError:
            raise Problem(
                f"another Tidemark is running in {folder}", "Wait for its end, or stop it: tidemark down"
            ) from None
        yield


def end_leftovers(folder: Path, grace: float = GRACE) -> int:
    """End every program of the local system that works in a folder, and return how many there were.

    Only for the holder of the folder's lock, before it starts anything: until then no program should run there.
    """
    Postgres(folder / "postgres").stop()  # a clean shutdown, because its data are kept
    found = list(_programs(folder.resolve()))
    for program in found:
        program.terminate()
    _, alive = psutil.wait_procs(found, grace)
    for program in alive:
        program.kill()
    psutil.wait_procs(alive, grace)
    return len(found)


def _programs(folder: Path) -> Iterator[psutil.Process]:
    """Yield the processes of this installation that work in a folder; a shell that a person left there is none."""
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            ours = process.terminal() is None and (sys.prefix in command or command.startswith(_TITLES))
            if ours and process.pid != os.getpid() and Path(process.cwd()).is_relative_to(folder):
                yield process
        except psutil.Error:
            continue  # it has ended, or belongs to another user
