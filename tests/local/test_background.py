import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from tidemark.core.errors import Problem
from tidemark.local.background import Background
from tidemark.local.process import Process


def test_the_result_is_awaited() -> None:
    go = Event()
    background = Background(lambda: go.wait(10) and 42)
    assert background.running
    go.set()
    assert background.result() == 42
    assert not background.running


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def fail() -> None:
        raise Problem("no room", "Make some")

    with pytest.raises(Problem, match="no room"):
        Background(fail).result()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def test_what_waits_for_a_program_can_be_abandoned(tmp_path: Path, bystander: subprocess.Popen[bytes]) -> None:
    program = Process("slow", [sys.executable, "-c", "import time; time.sleep(60)"], {}, tmp_path / "log")
    background = Background(program.run)
    background.abandon()
    assert not background.running
    assert bystander.poll() is None
    with pytest.raises(Problem, match="ended with status -15"):
        background.result()
