"""Bringing the system up and down: a supervisor in the background, and what a person sees of it."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tidemark.core.errors import Problem
from tidemark.local.folder import end_leftovers, only_one
from tidemark.local.interrupt import Interrupts
from tidemark.local.ports import ensure_free
from tidemark.local.up.state import State, read_state

RUN = Path(".run/up")
DEMO = Path(".run/demo")
_PULSE = 0.2
_END_TIMEOUT = 60.0


def bring_up(run: Path, folder: Path, ui_port: int, log: Callable[[str], object]) -> State:
    """Bring the system up, saying what the supervisor says, and return what runs when everything works.

    Raises Problem where a port is taken or a part fails; then nothing is left running.
    """
    if state := read_state(run):
        log("Tidemark is up already.")
        return state
    ensure_free(ui_port)
    run.mkdir(parents=True, exist_ok=True)
    log_file = run / "supervisor.log"
    with Interrupts(), log_file.open("wb") as output:
        command = [sys.executable, "-P", "-m", "tidemark.local.up.supervisor", str(run), str(folder), str(ui_port)]
        supervisor = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            return _await(run, supervisor, log_file, log)
        except BaseException:
            if supervisor.poll() is None:
                _end(psutil.Process(supervisor.pid))
            raise


def _await(run: Path, supervisor: subprocess.Popen[bytes], log_file: Path, log: Callable[[str], object]) -> State:
    with log_file.open() as lines:
        while True:
            state, ended = read_state(run), supervisor.poll() is not None
            for line in lines:
                log(line.rstrip())
            if state:
                return state
            if ended:
                raise Problem("the system did not come up", f"Read the lines above, and the logs in {log_file.parent}")
            time.sleep(_PULSE)


def bring_down(run: Path) -> bool:
    """End the system, also what a killed supervisor left of it; return whether anything ran."""
    if (state := read_state(run)) and state.supervisor:
        _end(state.supervisor)
        return True
    if not run.exists():
        return False
    with only_one(run):
        return end_leftovers(run) > 0


def _end(supervisor: psutil.Process) -> None:
    supervisor.terminate()
    _, alive = psutil.wait_procs([supervisor], _END_TIMEOUT)
    if alive:
        raise Problem(
            f"the system does not end; its supervisor is process {supervisor.pid}", f"Kill it: kill -9 {supervisor.pid}"
        )
