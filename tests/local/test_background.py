import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from tidemark.core.errors import Problem
from tidemark.local.background import SIGNALS, Background, Interrupts
from tidemark.local.process import Process


def test_the_result_is_awaited() -> None:
    go = Event()
    background = Background(lambda: go.wait(60) and 42).start()
    assert background.running
    go.set()
    assert background.result() == 42
    assert not background.running


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def fail() -> None:
        raise Problem("no room", "Make some")

    with pytest.raises(Problem, match="no room"):
        Background(fail).start().result()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def test_what_waits_for_a_program_can_be_abandoned(tmp_path: Path, bystander: subprocess.Popen[bytes]) -> None:
    program = Process("slow", [sys.executable, "-c", "import time; time.sleep(60)"], {}, tmp_path / "log")
    background = Background(program.run).start()
    background.abandon()
    assert not background.running
    assert bystander.poll() is None
    with pytest.raises(Problem, match="ended with status -15"):
        background.result()


def strike(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts(number: signal.Signals) -> None:
    with Interrupts(), pytest.raises(KeyboardInterrupt):
        strike(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_held_signal_interrupts_once_at_the_end(number: signal.Signals) -> None:
    done = []

    def work(interrupts: Interrupts) -> None:
        with interrupts.held():
            strike(number)
            with interrupts.held():
                strike(number)
            done.append("all of it")

    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            work(interrupts)
        with interrupts.held():
            done.append("what came next")
    assert done == ["all of it", "what came next"]


def test_an_error_inside_is_not_covered_up_by_a_signal() -> None:
    def fail(interrupts: Interrupts) -> None:
        with interrupts.held():
            strike(signal.SIGTERM)
            raise ValueError("first")

    with Interrupts() as interrupts, pytest.raises(ValueError, match="first"):
        fail(interrupts)


def test_the_former_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interrupts():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
