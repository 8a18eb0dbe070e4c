"""The lock that keeps a second writer out."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collector.spool.lock import Holder, SpoolLockedError, held, holder
from tidemark.core.errors import Problem

HOLD = (
    "import sys, time; from pathlib import Path; from collector.spool.lock import held\n"
    "with held(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
)


def test_a_second_writer_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    with (
        held(tmp_path),
        pytest.raises(SpoolLockedError, match=f"process {os.getpid()} already writes") as refused,
        held(tmp_path),
    ):
        raise AssertionError
    assert "TIDEMARK_SPOOL" in refused.value.hint


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    with held(tmp_path):
        pass
    with held(tmp_path):
        assert holder(tmp_path) == Holder(os.getpid(), "")


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert holder(tmp_path) == Holder(process.pid, "")
        with pytest.raises(SpoolLockedError), held(tmp_path):
            raise AssertionError
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert holder(tmp_path) is None
    with held(tmp_path):
        assert holder(tmp_path) is not None


def test_a_timeout_outlasts_a_short_holder(tmp_path: Path) -> None:
    hold = HOLD.replace("60", "0.3")
    with subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with held(tmp_path, timeout=20):
            assert holder(tmp_path) == Holder(os.getpid(), "")


def test_the_lock_holds_the_address_of_its_process(tmp_path: Path) -> None:
    with held(tmp_path) as lock:
        lock.publish("http://127.0.0.1:9464")
        assert holder(tmp_path) == Holder(os.getpid(), "http://127.0.0.1:9464")
    assert holder(tmp_path) is None
    assert holder(tmp_path / "none") is None


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match="cannot be written"), held(tmp_path / "file" / "spool"):
        raise AssertionError


def test_a_spool_that_moves_to_another_machine_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "moved").touch()
    with pytest.raises(Problem, match="moves to another machine") as refused, held(tmp_path):
        raise AssertionError
    assert str(tmp_path / "moved") in refused.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["moved"]
