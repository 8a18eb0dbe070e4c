import os
import stat
import time
from pathlib import Path

import psutil
import psycopg2
import pytest

from tests.loader.contents import one, query
from tidemark.core.errors import Problem
from tidemark.local.ports import free_port
from tidemark.local.services.postgres import UNSAFE_BUT_FAST, Postgres


@pytest.fixture
def server(tmp_path: Path) -> Postgres:
    return Postgres(tmp_path / "postgres", settings=UNSAFE_BUT_FAST)


def test_it_keeps_what_was_written_when_it_stops(server: Postgres) -> None:
    with server:
        query(server.url(), "CREATE TABLE kept AS SELECT 1 AS value")
    assert not server.running
    with server:
        assert one(server.url(), "SELECT value FROM kept") == 1


def test_another_process_finds_the_one_that_runs(server: Postgres, tmp_path: Path) -> None:
    with server:
        same = Postgres(tmp_path / "postgres")
        same.start()
        assert same.url() == server.url()
        same.stop()
        assert not server.running
        server.stop()


def test_a_restart_ends_the_connections_and_keeps_the_port(server: Postgres) -> None:
    with server:
        connection = psycopg2.connect(server.url())
        url = server.url()
        server.restart()
        with pytest.raises(psycopg2.OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.close()
        assert (server.url(), one(url, "SELECT 1")) == (url, 1)


def test_no_other_user_can_connect(server: Postgres, tmp_path: Path) -> None:
    with server:
        address = server.url().replace(server.url().split(":")[2].split("@")[0], "guessed")
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(address)
        assert one(server.url(), "SHOW listen_addresses") == "127.0.0.1"
        stored = str(one(server.url(), "SELECT rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL"))
        assert stored.startswith("SCRAM-SHA-256$1:")  # one digest is enough for 128 random bits
        assert len(bytes.fromhex(server._password.read_text())) == 16
        for private in ("password", "data"):
            assert stat.S_IMODE((tmp_path / "postgres" / private).stat().st_mode) & 0o077 == 0


def test_it_leaves_nothing_outside_its_folder(server: Postgres, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with server:
        assert not Path("/tmp/.lockfile").exists()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["postgres"]


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = Postgres(tmp_path / "postgres", settings={"shared_buffers": "nonsense"})
    with pytest.raises(Problem, match="nonsense"):
        broken.start()


def test_a_data_folder_that_was_left_half_made_is_made_again(server: Postgres, tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "data"
    half.mkdir(parents=True)
    (half / "rest").touch()
    with server:
        assert one(server.url(), "SELECT 1") == 1


def test_a_killed_server_does_not_run_and_starts_again_with_its_data(server: Postgres) -> None:
    with server:
        query(server.url(), "CREATE TABLE kept AS SELECT 1 AS value")
        server.stop()
    again = Postgres(server._folder, port=free_port())
    with again:
        port = again.port
        killed = psutil.Process(again.pid)
        killed.kill()
        psutil.wait_procs([killed], 60)
        assert not again.running
        start_again(again)
        assert again.port == port
        assert one(again.url(), "SELECT value FROM kept") == 1


def test_the_number_of_another_process_in_the_pid_file_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert not Postgres(tmp_path).running


def start_again(server: Postgres) -> None:
    """Start a killed server; it refuses to start until its clients' processes have ended, a moment later."""
    for _ in range(200):
        try:
            server.start()
        except Problem:
            time.sleep(0.2)
        else:
            return
    server.start()
