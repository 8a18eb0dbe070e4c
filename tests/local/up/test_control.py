import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tidemark.core.errors import Problem
from tidemark.local.folder import only_one
from tidemark.local.ports import free_port
from tidemark.local.process import Process
from tidemark.local.up.control import bring_down, bring_up, running_elsewhere
from tidemark.local.up.state import State, read_state, write_state


def test_a_system_that_does_not_come_up_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    with only_one(tmp_path / "up"), pytest.raises(Problem, match="the system did not start"):
        bring_up(tmp_path / "up", tmp_path / "up", free_port(), said.append)
    assert f"another Tidemark is running in {tmp_path / 'up'}" in "\n".join(said)
    assert read_state(tmp_path / "up") is None


def test_a_taken_port_is_found_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Problem, match=f"port {port} is taken"):
            bring_up(tmp_path / "up", tmp_path / "up", port, print)
    assert list(tmp_path.iterdir()) == []


def test_nothing_comes_down_where_nothing_is_up(tmp_path: Path) -> None:
    assert not bring_down(tmp_path)


def test_what_a_killed_supervisor_left_is_ended_also_in_another_folder(tmp_path: Path) -> None:
    run, demo = tmp_path / "up", tmp_path / "demo"
    run.mkdir()
    with subprocess.Popen(["true"]) as ended:
        pass
    write_state(run, state_of(ended.pid, str(demo)))
    code = "print('up', flush=True); import time; time.sleep(60)"
    with Process("left", [sys.executable, "-c", code], dict(os.environ), demo / "part" / "log") as left:
        left.first_line(60)
        assert bring_down(run)
        assert left.pid is None
    assert not bring_down(run)


def test_a_system_that_is_up_in_another_folder_is_found(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    code = "print('up', flush=True); import time; time.sleep(60)"
    command = [sys.executable, "-c", code, "tidemark.local.up.supervisor", str(there), str(there), "0"]
    with Process("supervisor", command, dict(os.environ), tmp_path / "log") as supervisor:
        supervisor.first_line(60)
        assert there not in [run for run, _ in running_elsewhere(here)]  # it has not written its state
        write_state(there, state_of(supervisor.pid or 0, str(there)))
        assert there in [run for run, _ in running_elsewhere(here)]
        assert there not in [run for run, _ in running_elsewhere(there)]


def state_of(pid: int, folder: str) -> State:
    created = psutil.Process(pid).create_time() if psutil.pid_exists(pid) else 0.0
    return State(
        pid=pid, created=created, source="the simulator", folder=folder, collectors=(), ui="http://x", page="http://y",
        username="admin", password="p", environment={},
    )  # fmt: skip
