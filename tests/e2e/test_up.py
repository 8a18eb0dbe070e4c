"""The system kept up: it comes, says where it is, comes only once, and goes whole."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tidemark.local.environment import bare
from tidemark.local.ports import free_port
from tidemark.local.process import tidemark
from tidemark.local.up.state import State, read_state

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.postgres, pytest.mark.timeout(400)]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Run a verb where nothing is up yet; whatever comes up there goes down at the end."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            tidemark(*words), cwd=tmp_path, env=bare(os.environ), capture_output=True, text=True, check=False
        )

    yield run
    run("down")


def supervisor(state: State) -> psutil.Process:
    found = state.supervisor
    assert found
    return found


def works_in(folder: Path, process: psutil.Process) -> bool:
    try:
        return str(folder) in process.cwd() or str(folder) in " ".join(process.cmdline())
    except psutil.Error:
        return False


def test_it_comes_up_once_restarts_what_dies_and_goes_down_whole(run: Run, tmp_path: Path) -> None:
    port = free_port()
    came = run("up", "--port", str(port))
    assert came.returncode == 0, came.stdout + came.stderr
    assert f"http://127.0.0.1:{port}" in came.stdout
    folder = tmp_path / ".run" / "up"
    state = read_state(folder)
    assert state
    assert {(folder / name).stat().st_mode & 0o777 for name in ("state.json", "environment")} == {0o600}

    again = run("up")
    assert (again.returncode, "is up already" in again.stdout) == (0, True)

    asked = subprocess.run(
        ["sh", "-c", '. .run/up/environment; .run/up/psql -Atc "SELECT count(*) FROM mart.sales"'],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert asked.stdout == "0\n"

    children = supervisor(state).children(recursive=True)
    collector = next(child for child in children if child.cmdline()[-1] == "collect")
    collector.send_signal(signal.SIGKILL)
    wait_for(lambda: "ended by itself; started again" in (folder / "supervisor.log").read_text())
    wait_for(lambda: run("status", "--local").returncode == 0)

    assert run("down").stdout == "Tidemark is down.\n"
    assert psutil.wait_procs(children, 5)[1] == []
    assert [process for process in psutil.process_iter() if works_in(tmp_path, process)] == []
    assert read_state(folder) is None
    assert run("status", "--local").returncode == 1


def wait_for(true: Callable[[], bool], patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
