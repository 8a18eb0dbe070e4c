"""The system kept up: it starts every time, restarts what ends, and stops completely."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from tidemark.local.environment import bare
from tidemark.local.ports import free_port
from tidemark.local.process import tidemark
from tidemark.local.up.state import State, read_state

pytestmark = [pytest.mark.long, pytest.mark.e2e, pytest.mark.airflow, pytest.mark.postgres, pytest.mark.timeout(1800)]

SECRET = "s3cret-never-shown"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Run a verb where nothing is up yet; what it starts is stopped at the end."""

    def run(
        *words: str, folder: str = ".", settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / folder).mkdir(exist_ok=True)
        environment = bare(os.environ) | dict(settings or {})
        return subprocess.run(
            tidemark(*words), cwd=tmp_path / folder, env=environment, capture_output=True, text=True, check=False
        )

    yield run
    run("down")


def supervisor_of(state: State) -> psutil.Process:
    found = state.supervisor
    assert found
    return found


def works_in(folder: Path, process: psutil.Process) -> bool:
    try:
        return str(folder) in process.cwd() or str(folder) in " ".join(process.cmdline())
    except psutil.Error:
        return False


def up_without_a_stream(run: Run, folder: Path, port: int) -> State:
    """Start it where the stream is out of reach, which is no success, and stop it. Files of our names are not run."""
    for name in ("tidemark", "archive", "collector", "airflow", "moto"):
        (folder / f"{name}.py").write_text("raise SystemExit('a file of the folder was run')\n")
    nowhere = {"OPENSEA_API_KEY": SECRET, "TIDEMARK_STREAM_URL": "ws://127.0.0.1:1/socket/websocket"}
    came = run("up", "--port", str(port), settings=nowhere)
    assert came.returncode == 1
    assert "Tidemark is up" in came.stdout
    assert f"http://127.0.0.1:{port}" in came.stdout
    assert came.stderr.count("NOT RECORDING") == 2
    assert SECRET not in came.stdout + came.stderr
    assert "a file of the folder was run" not in came.stdout + came.stderr
    assert run("status", "--local").returncode == 1
    state = read_state(folder / ".run" / "up")
    assert state
    elsewhere = run("down", folder="elsewhere")
    assert elsewhere.returncode == 1
    assert f"Tidemark is up in {folder}. To stop it: cd {folder} && tidemark down" in elsewhere.stdout
    assert f"Tidemark is up in another folder: {folder}" in run("status", "--local", folder="elsewhere").stdout
    assert run("down").stdout == "Tidemark is down.\n"
    return state


def test_it_starts_every_time_restarts_what_ends_and_stops_completely(run: Run, tmp_path: Path) -> None:
    port = free_port()
    first = up_without_a_stream(run, tmp_path, port)
    came = run("up")
    assert came.returncode == 0, came.stdout + came.stderr
    again = run("up")
    assert (again.returncode, "is up already" in again.stdout) == (0, True)
    other = run("up", "--port", str(port + 1), settings={"OPENSEA_API_KEY": SECRET})
    assert other.returncode == 1
    assert f"--port: running with {port}, now {port + 1}" in other.stderr
    assert "OPENSEA_API_KEY: running with none" in other.stderr
    assert SECRET not in other.stdout + other.stderr
    folder = tmp_path / ".run" / "up"
    assert {(folder / name).stat().st_mode & 0o777 for name in ("state.json", "environment")} == {0o600}
    state = read_state(folder)
    assert state
    for name in ("AWS_ENDPOINT_URL", "TIDEMARK_WAREHOUSE_URL"):
        assert (state.ui, state.environment[name]) == (first.ui, first.environment[name])
    asked = subprocess.run(
        ["sh", "-c", '. .run/up/environment; .run/up/psql -Atc "SELECT count(*) FROM mart.sales"'],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert asked.stdout == "0\n"

    supervisor = supervisor_of(state)
    children = supervisor.children(recursive=True)
    parts = [child for child in children if child.ppid() == supervisor.pid]
    assert len(parts) == 9  # S3, simulator, two collectors, four parts of Airflow, the page
    postgres = psutil.Process(int((folder / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0]))
    for part in (*parts, postgres):
        part.send_signal(signal.SIGKILL)
    names = (
        "PostgreSQL",
        "S3",
        "simulator",
        "page",
        "collector-a",
        "collector-b",
        "Airflow api-server",
        "Airflow scheduler",
    )
    names += ("Airflow dag-processor", "Airflow triggerer")
    wait_for(lambda: all(f"{name}: had ended; restarted" in (folder / "supervisor.log").read_text() for name in names))
    wait_for(lambda: run("status", "--local").returncode == 0)
    shown = " ".join(run("status", "--local").stdout.split())
    assert shown.count("restarted once") >= 5
    restarted = read_state(folder)
    assert restarted
    assert restarted.environment == state.environment
    children += supervisor.children(recursive=True)

    assert run("down").stdout == "Tidemark is down.\n"
    assert psutil.wait_procs(children, 60)[1] == []
    assert [process for process in psutil.process_iter() if works_in(tmp_path, process)] == []
    assert read_state(folder) is None


def wait_for(true: Callable[[], bool], timeout: float = 600.0) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
