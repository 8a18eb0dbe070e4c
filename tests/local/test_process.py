import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from tidemark.core.errors import Problem
from tidemark.local.process import Process, tidemark

POLITE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("bye")))
print("up", flush=True)
time.sleep(60)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
WITH_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"


def python(code: str, folder: Path, **environment: str) -> Process:
    return Process("sample", [sys.executable, "-c", code], environment, folder / "sample.log")


def said(process: Process, text: str) -> bool:
    return process.log.exists() and text in process.log.read_text()


def wait_until(true, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_what_a_run_prints_is_returned_and_only_what_this_run_printed(tmp_path: Path) -> None:
    process = python("import os; print('hello', os.environ['NAME'])", tmp_path, NAME="world")
    assert process.run() == "hello world\n"
    assert process.run() == "hello world\n"
    assert process.log.read_text() == "hello world\n" * 2


def test_a_failed_run_says_what_it_printed_last_and_where_the_log_is(tmp_path: Path) -> None:
    process = python("import sys; print('the disk is on fire'); sys.exit(3)", tmp_path)
    with pytest.raises(Problem, match=r"sample: ended with status 3\nthe disk is on fire") as caught:
        process.run()
    assert str(process.log) in caught.value.hint


def test_a_failure_shows_nothing_of_an_earlier_run(tmp_path: Path) -> None:
    python("print('all is well')", tmp_path).run()
    with pytest.raises(Problem) as caught:
        python("raise SystemExit('the disk is on fire')", tmp_path).run()
    assert caught.value.what == "sample: ended with status 1\nthe disk is on fire"


def test_the_first_line_is_that_of_the_last_start(tmp_path: Path) -> None:
    for number in ("1", "2"):
        with python(f"print({number}, flush=True); import time; time.sleep(60)", tmp_path) as process:
            assert process.first_line(60) == number


def test_a_run_that_never_ends_is_stopped(tmp_path: Path) -> None:
    process = python("import time; time.sleep(60)", tmp_path)
    with pytest.raises(Problem, match=r"no end within 0.2 s"):
        process.run(timeout=0.2)
    assert process.pid is None


def test_the_program_works_beside_its_log_in_a_group_of_its_own(tmp_path: Path) -> None:
    printed = python("import os; print(os.getcwd(), os.getpgrp() == os.getpid())", tmp_path).run()
    assert printed.split() == [str(tmp_path), "True"]


def test_stop_lets_a_program_end_by_itself(tmp_path: Path) -> None:
    with python(POLITE, tmp_path) as process:
        wait_until(lambda: said(process, "up"))
    assert said(process, "bye")


def test_stop_kills_what_does_not_listen(tmp_path: Path) -> None:
    process = python(STUBBORN, tmp_path).start()
    wait_until(lambda: said(process, "up"))
    pid = process.pid
    process.stop(grace=0.1)
    assert process.pid is None
    assert not psutil.pid_exists(pid or 0)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_children_of_the_program_end_with_it(tmp_path: Path, end: str) -> None:
    process = python(WITH_CHILD, tmp_path).start()
    group = psutil.Process(process.pid)
    wait_until(group.children)
    child = group.children()[0]
    getattr(process, end)()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_stop_and_kill_are_harmless_twice_and_before_the_start(tmp_path: Path) -> None:
    process = python("", tmp_path)
    process.stop()
    process.kill()
    process.start()
    process.kill()
    process.kill()
    process.stop()
    process.stop()


def test_a_verb_is_run_as_installed() -> None:
    command = tidemark("query", "top")
    assert os.access(command[0], os.X_OK)
    assert command[1:] == ["query", "top"]
