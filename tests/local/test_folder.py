import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tidemark.core.errors import Problem
from tidemark.local.folder import end_leftovers, only_one
from tidemark.local.process import Process

SLEEP = "print('up', flush=True); import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP


@pytest.mark.parametrize("code", [SLEEP, STUBBORN])
def test_a_program_that_works_in_the_folder_is_ended(tmp_path: Path, code: str) -> None:
    with Process("sample", [sys.executable, "-c", code], dict(os.environ), tmp_path / "a" / "log") as program:
        program.first_line(60)
        assert end_leftovers(tmp_path, grace=2) == 1
        assert program.pid is None
    assert end_leftovers(tmp_path) == 0


def test_others_stay(tmp_path: Path) -> None:
    """A program of ours in another folder, and another's program in this one."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    sleep = shutil.which("sleep") or "sleep"
    with (
        Process("ours", [sys.executable, "-c", SLEEP], dict(os.environ), outside / "log") as ours,
        subprocess.Popen([sleep, "60"], cwd=inside, start_new_session=True) as theirs,
    ):
        ours.first_line(60)
        wait_until_in(inside, theirs.pid)
        assert end_leftovers(inside) == 0
        assert ours.pid
        assert theirs.poll() is None
        theirs.kill()


def wait_until_in(folder: Path, pid: int) -> None:
    while psutil.Process(pid).cwd() != str(folder):
        time.sleep(0.01)


def test_one_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "demo"
    with only_one(folder):
        with pytest.raises(Problem, match=f"another Tidemark is running in {folder}"), only_one(folder):
            pass
        with only_one(tmp_path / "new" / "other"):
            pass
    with only_one(folder):
        pass
