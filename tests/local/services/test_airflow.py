import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from tests.loading import Loading, left_behind
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.local.process import Process
from tidemark.local.services.airflow import Airflow, _kill_sessions

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


def test_all_parts_are_healthy_and_every_dag_is_read(loading: Loading) -> None:
    assert set(loading.airflow.rest.health().values()) == {"healthy"}
    assert {"load_sales", "reconcile_archive", "daily_marts"} <= loading.airflow.rest.dags()


def test_a_login_needs_the_password(loading: Loading) -> None:
    url = loading.airflow.url
    assert httpx.get(f"{url}/api/v2/dags", timeout=60).status_code == 401
    wrong = {"username": loading.airflow.username, "password": "admin"}
    assert httpx.post(f"{url}/auth/token", json=wrong, timeout=60).status_code == 401
    assert stat.S_IMODE((loading.airflow.home / "passwords.json").stat().st_mode) == 0o600


def test_it_listens_on_loopback_only(loading: Loading) -> None:
    parts = {process.pid for process in loading.airflow._processes.values()}
    listening = [socket for socket in psutil.net_connections("inet")
                 if socket.status == psutil.CONN_LISTEN and socket.pid and os.getsid(socket.pid) in parts]  # fmt: skip
    assert {socket.laddr.ip for socket in listening} == {"127.0.0.1"}


def test_the_pool_of_the_warehouse_is_there(loading: Loading) -> None:
    assert loading.airflow.rest.get("/pools/warehouse")["slots"] > 0


def test_no_secret_is_on_a_command_line(loading: Loading) -> None:
    password = loading.warehouse_url.split(":")[2].partition("@")[0]
    commands = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert any("airflow scheduler" in command for command in commands)
    assert not [command for command in commands if password in command or loading.airflow.password in command]


def test_a_backfill_reports_each_hour(loading: Loading) -> None:
    keys = loading.archive("2026-10-01T00", "2026-10-01T02")
    said: list[str] = []
    states = loading.airflow.backfill("load_sales", Hour.parse(keys[0]), Hour.parse(keys[-1]), said.append)
    assert states == dict.fromkeys(keys, "success")
    assert [sum(key in line for line in said[1:]) for key in keys] == [1, 1, 1]
    assert loading.loaded(keys) == dict.fromkeys(keys, 3)


def test_a_database_that_does_not_answer_is_a_problem_with_the_log(tmp_path: Path) -> None:
    airflow = Airflow(tmp_path, "postgresql://user:secret@127.0.0.1:1/none", {})
    with pytest.raises(Problem, match="Connection refused") as problem:
        airflow.start(lambda _: None)
    assert "secret" not in str(problem.value)
    airflow.stop()


def test_tasks_that_moved_to_a_group_of_their_own_end_with_their_part(tmp_path: Path) -> None:
    # a task that needs time to end, because it holds much memory
    program = (
        "import os, time; os.fork() or os.setpgid(0, 0) or (held := b'x' * 2**28) and print(os.getpid(), flush=True)"
    )
    command = [sys.executable, "-c", f"{program}; time.sleep(60)"]
    process = Process("part", command, {}, tmp_path / "part.log").start()
    session = {os.getsid(int(process.first_line(60)))}
    process.kill()
    assert left_behind(session)
    _kill_sessions(session)
    assert not left_behind(session)


def test_only_hours_from_the_start_on_are_loaded_unasked(loading: Loading) -> None:
    first = loading.airflow._environment["TIDEMARK_FIRST_HOUR"]
    assert Hour.parse(first) <= Hour.of(datetime.now(UTC))
    scheduled = [run for run in loading.airflow.rest.runs("load_sales") if run["run_type"] == "scheduled"]
    assert all(run["partition_key"] >= first for run in scheduled)
