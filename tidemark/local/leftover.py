"""Programs that outlived their keeper, because it was killed so that it could not stop them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from tidemark.local.postgres import Postgres

_GRACE = 5.0
_TITLES = ("airflow", "postgres:")  # what these write over their command lines


def end_leftovers(folder: Path) -> int:
    """End every program of the local system that works in a folder, and return how many there were.

    Only for the holder of the folder's lock: nothing can be meant to run there before it starts something.
    """
    Postgres(folder / "postgres").stop()  # in good order, for its data are kept
    found = list(_programs(folder.resolve()))
    for program in found:
        program.terminate()
    _, alive = psutil.wait_procs(found, _GRACE)
    for program in alive:
        program.kill()
    psutil.wait_procs(alive, _GRACE)
    return len(found)


def _programs(folder: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and Path(process.cwd()).is_relative_to(folder) and _ours(process):
                yield process
        except psutil.Error:
            continue  # it ended meanwhile, or is another user's


def _ours(process: psutil.Process) -> bool:
    """Tell whether a process is of our installation, and no shell or editor that a person left in the folder."""
    command = " ".join(process.cmdline())
    return process.terminal() is None and (sys.prefix in command or command.startswith(_TITLES))
