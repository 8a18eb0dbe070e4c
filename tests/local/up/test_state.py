import os
import subprocess
from pathlib import Path

import psutil
import pytest
from msgspec import structs

from tidemark.local.up.state import (
    Restart,
    State,
    differences,
    forget_state,
    is_due,
    read_state,
    restarted,
    stored_state,
    write_environment,
    write_state,
)


def test_a_part_that_ended_is_started_again_at_once() -> None:
    assert is_due(None, 100.0)
    assert restarted(None, 100.0) == Restart(1, 100.0)


def test_a_part_that_keeps_ending_is_started_later_each_time() -> None:
    last, delays = restarted(None, 0.0), []
    for _ in range(8):
        due = next(now / 10 for now in range(int(last.at * 10), 10_000) if is_due(last, now / 10))
        delays.append(due - last.at)
        last = restarted(last, due)
    assert delays == [2, 4, 8, 16, 32, 60, 60, 60]
    assert last.count == 9


def test_a_part_that_ran_for_a_while_is_started_at_once_again() -> None:
    assert is_due(Restart(5, 0.0, 60.0), 121.0)
    assert restarted(Restart(5, 0.0, 60.0), 121.0) == Restart(6, 121.0, 0.0)


def state_of(pid: int, created: float) -> State:
    return State(
        pid=pid, created=created, source="the simulator", folder="/f", collectors=("collector-a",), ui="http://x", page="http://y",
        username="admin", password="p", environment={"TIDEMARK_BUCKET": "b"},
    )  # fmt: skip


def mine() -> State:
    return state_of(os.getpid(), psutil.Process().create_time())


def test_a_state_is_read_as_it_was_written_and_by_its_owner_only(tmp_path: Path) -> None:
    write_state(tmp_path, mine())
    assert read_state(tmp_path) == mine()
    assert [(file.name, file.stat().st_mode & 0o777) for file in tmp_path.iterdir()] == [("state.json", 0o600)]


def test_no_file_means_that_nothing_is_up(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    forget_state(tmp_path)


def test_a_forgotten_state_is_gone(tmp_path: Path) -> None:
    write_state(tmp_path, mine())
    forget_state(tmp_path)
    assert read_state(tmp_path) is None


def test_the_state_of_a_dead_supervisor_counts_for_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    write_state(tmp_path, state_of(ended.pid, 0.0))
    assert read_state(tmp_path) is None
    assert stored_state(tmp_path)


def test_another_process_with_the_supervisors_pid_is_not_the_supervisor(tmp_path: Path) -> None:
    write_state(tmp_path, state_of(os.getpid(), psutil.Process().create_time() - 1))
    assert read_state(tmp_path) is None


@pytest.mark.parametrize("value", ["plain", "with space", "'quoted'", "$HOME; rm -rf x", ""])
def test_a_shell_reads_the_environment_exactly(tmp_path: Path, value: str) -> None:
    file = tmp_path / "environment"
    write_environment(file, {"NAME": value, "OTHER": "1"})
    assert file.stat().st_mode & 0o777 == 0o600
    done = subprocess.run(
        ["sh", "-c", f". {file}; printenv NAME; printenv OTHER"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{value}\n1\n"


def test_a_damaged_state_means_that_nothing_is_up(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"pid": 1')
    assert read_state(tmp_path) is None


def test_settings_that_a_running_system_does_not_use_are_named() -> None:
    state = structs.replace(mine(), ui="http://127.0.0.1:8080", settings={"--demo": "no", "A": "1", "B": "2"})
    assert differences(state, {"--demo": "no", "A": "1", "B": "2"}, 0) == []
    assert differences(state, {"--demo": "no", "A": "1", "B": "2"}, 8080) == []
    assert differences(state, {"--demo": "no", "A": "3", "C": "4"}, 8090) == [
        "A: running with 1, now 3",
        "B: running with 2, now the default",
        "C: running with the default, now 4",
        "--port: running with 8080, now 8090",
    ]
