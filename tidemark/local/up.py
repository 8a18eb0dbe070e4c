"""Bringing the system up and down: a keeper in the background, and what a person sees of it."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tidemark.core.errors import Problem
from tidemark.local.interrupt import Interrupts
from tidemark.local.leftover import end_leftovers
from tidemark.local.lock import only_one
from tidemark.local.port import ensure_free
from tidemark.local.state import State, read_state

RUN = Path(".run/up")
DEMO = Path(".run/demo")
_PULSE = 0.2
_END_TIMEOUT = 60.0


def bring_up(run: Path, folder: Path, ui_port: int, say: Callable[[str], object]) -> State:
    """Bring the system up, saying what the keeper says, and return what runs when everything works.

    Raises Problem where a port is taken or a part fails; then nothing is left running.
    """
    if state := read_state(run):
        say("Tidemark is up already.")
        return state
    ensure_free(ui_port)
    run.mkdir(parents=True, exist_ok=True)
    log = run / "keeper.log"
    with Interrupts(), log.open("wb") as output:
        command = [sys.executable, "-m", "tidemark.local.keeper", str(run), str(folder), str(ui_port)]
        keeper = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            return _await(run, keeper, log, say)
        except BaseException:
            if keeper.poll() is None:
                _end(psutil.Process(keeper.pid))
            raise


def _await(run: Path, keeper: subprocess.Popen[bytes], log: Path, say: Callable[[str], object]) -> State:
    with log.open() as lines:
        while True:
            state, ended = read_state(run), keeper.poll() is not None
            for line in lines:
                say(line.rstrip())
            if state:
                return state
            if ended:
                raise Problem("the system did not come up", f"Read the lines above, and the logs in {log.parent}")
            time.sleep(_PULSE)


def bring_down(run: Path) -> bool:
    """End the system, also what a killed keeper left of it; return whether anything ran."""
    if (state := read_state(run)) and state.keeper:
        _end(state.keeper)
        return True
    if not run.exists():
        return False
    with only_one(run):
        return end_leftovers(run) > 0


def _end(keeper: psutil.Process) -> None:
    keeper.terminate()
    _, alive = psutil.wait_procs([keeper], _END_TIMEOUT)
    if alive:
        raise Problem(f"the system does not end; its keeper is process {keeper.pid}", f"Kill it: kill -9 {keeper.pid}")
