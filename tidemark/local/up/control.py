"""Starting and stopping the supervisor, and finding the one that runs."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tidemark.core.errors import Problem
from tidemark.local.background import Interrupts
from tidemark.local.folder import end_leftovers, only_one
from tidemark.local.ports import is_free
from tidemark.local.up.state import State, forget_state, read_state, stored_state

RUN = Path(".run/up")
DEMO = Path(".run/demo")
_SUPERVISOR = "tidemark.local.up.supervisor"
_POLL = 0.2
_STOP_TIMEOUT = 60.0


def bring_up(run: Path, folder: Path, ui_port: int, log: Callable[[str], object]) -> State:
    """Start the system of a folder, pass on what the supervisor logs, and return its state when every part runs.

    `ui_port` 0 takes the port of the last start. Raises Problem where a port is taken or a part fails; then nothing is
    left running.
    """
    if ui_port and not is_free(ui_port):
        raise Problem(f"port {ui_port} is taken", "Stop the program that uses it, or choose another port: --port")
    run, folder = run.resolve(), folder.resolve()
    run.mkdir(parents=True, exist_ok=True)
    log_file = run / "supervisor.log"
    with Interrupts(), log_file.open("wb") as output:
        command = [sys.executable, "-P", "-m", _SUPERVISOR, str(run), str(folder), str(ui_port)]
        supervisor = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            return _await(run, supervisor, log_file, log)
        except BaseException:
            if supervisor.poll() is None:
                _stop(psutil.Process(supervisor.pid))
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
                raise Problem("the system did not start", f"Read the lines above, and the logs in {log_file.parent}")
            time.sleep(_POLL)


def bring_down(run: Path) -> bool:
    """Stop the system, also what a killed supervisor left of it; return whether anything ran."""
    state = stored_state(run)
    if state and state.supervisor:
        _stop(state.supervisor)
        return True
    folder = Path(state.folder) if state else run
    if not folder.exists():
        return False
    with only_one(folder):
        ended = end_leftovers(folder)
        forget_state(run)
    return ended > 0


def running_elsewhere(run: Path) -> list[tuple[Path, State]]:
    """Return the systems of this user that are up in other folders, with the folder of their state."""
    found = []
    for process in psutil.process_iter(["cmdline", "uids"]):
        words = process.info["cmdline"] or []
        if _SUPERVISOR in words[:-1] and process.info["uids"].real == psutil.Process().uids().real:
            other = Path(words[words.index(_SUPERVISOR) + 1])
            if other != run.resolve() and (state := read_state(other)):
                found.append((other, state))
    return found


def _stop(supervisor: psutil.Process) -> None:
    supervisor.terminate()
    _, alive = psutil.wait_procs([supervisor], _STOP_TIMEOUT)
    if alive:
        raise Problem(
            f"the system does not stop; its supervisor is process {supervisor.pid}",
            f"Kill it: kill -9 {supervisor.pid}",
        )
