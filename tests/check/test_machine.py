import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.spool.lock import held
from tidemark.check.machine import check_clock, check_metrics, check_proxy, check_spool, compare_clocks
from tidemark.check.report import Warned
from tidemark.core.errors import Problem

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_spool_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    assert "can be written" in str(check_spool(tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert "not made yet" in str(check_spool(tmp_path / "later" / "spool"))


def test_a_spool_that_moves_to_another_machine_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "moved").touch()
    with pytest.raises(Problem, match="moves to another machine"):
        check_spool(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_spool_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Problem, match="cannot be written"):
        check_spool(tmp_path)


def test_a_disk_that_is_nearly_full_is_a_problem_and_a_small_one_a_warning(tmp_path: Path) -> None:
    assert isinstance(check_spool(tmp_path, lambda _: 9 << 30), Warned)
    with pytest.raises(Problem, match=r"only 0\.5 GiB are free"):
        check_spool(tmp_path, lambda _: 1 << 29)


def test_a_clock_that_was_never_set_is_a_problem() -> None:
    assert check_clock(NOON.timestamp()) == "2026-11-22 12:00:00 UTC"
    with pytest.raises(Problem, match="shows 1970-01-01 00:00:07 UTC") as unset:
        check_clock(7.0)
    assert "chrony" in unset.value.hint


def test_metrics_that_are_not_served_are_a_problem(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Problem, match=f"metrics cannot be served on 127.0.0.1 port {port}"):
            check_metrics(tmp_path, "127.0.0.1", port)
        with held(tmp_path) as lock:
            with pytest.raises(Problem, match=f"process {os.getpid()} records and serves no metrics"):
                check_metrics(tmp_path, "127.0.0.1", port)
            lock.publish("http://127.0.0.1:9464")
            assert check_metrics(tmp_path, "127.0.0.1", port) == "served at http://127.0.0.1:9464"
    assert check_metrics(tmp_path, "127.0.0.1", port) == f"can be served at http://127.0.0.1:{port}"


@pytest.mark.parametrize("seconds", [-1.5, 0, 1.5])
def test_clocks_that_agree_are_a_note(seconds: float) -> None:
    ours = (NOON + timedelta(seconds=seconds)).timestamp()
    assert compare_clocks(NOON, ours, "it answers") == "it answers; the clocks agree"


@pytest.mark.parametrize(("seconds", "told"), [(5, "5 s ahead of"), (-5, "5 s behind")])
def test_a_clock_that_is_off_is_a_warning(seconds: int, told: str) -> None:
    found = compare_clocks(NOON, NOON.timestamp() + seconds, "it answers")
    assert isinstance(found, Warned)
    assert told in found.note


@pytest.mark.parametrize("seconds", [-3600, 30])
def test_a_clock_that_is_wrong_is_a_problem(seconds: int) -> None:
    with pytest.raises(Problem, match="clock is"):
        compare_clocks(NOON, NOON.timestamp() + seconds, "it answers")


def test_the_proxy_of_an_address_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://me:s3cret@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    told = check_proxy({"stream": "wss://stream.example/x", "api": "https://inside.example", "old": "ws://old.example"})
    assert told == "stream by proxy proxy.example:3128; api directly; old directly"
