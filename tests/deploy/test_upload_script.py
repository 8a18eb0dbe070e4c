"""What cron runs: the exit status is the upload's own, whatever becomes of its log."""

import subprocess
from pathlib import Path

import pytest

LIB = Path(__file__).parents[2] / "deploy" / "lib"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine's folders below one folder, with the scripts that go there."""
    for folder in ("lib", "bin", "log"):
        (tmp_path / folder).mkdir()
    for script in ("upload", "settings"):
        text = (LIB / script).read_text().replace("/opt/tidemark/", f"{tmp_path}/")
        (tmp_path / "lib" / script).write_text(
            text.replace("/var/log/tidemark", f"{tmp_path}/log").replace("/var/lib/tidemark", str(tmp_path))
        )
    return tmp_path


def upload(machine: Path, how: str) -> "subprocess.CompletedProcess[str]":
    program = machine / "bin" / "tidemark"
    program.write_text(f"#!/bin/sh\necho the words of a run\n{how}\n")
    program.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": "/nowhere"}
    command = ["/bin/sh", machine / "lib" / "upload"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_run_that_went_well_is_logged_and_silent(machine: Path) -> None:
    done = upload(machine, "exit 0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    _, words, status = (machine / "log" / "upload.log").read_text().splitlines()
    assert (words, status) == ("the words of a run", "exit status 0")


def test_a_run_that_failed_is_logged_and_says_its_words(machine: Path) -> None:
    done = upload(machine, "exit 3")
    assert done.returncode == 3
    assert "with exit status 3:\nthe words of a run\n" in done.stdout
    assert "exit status 3" in (machine / "log" / "upload.log").read_text()


@pytest.mark.parametrize("status", [0, 3])
def test_a_log_that_cannot_be_written_is_said_and_changes_no_exit_status(machine: Path, status: int) -> None:
    (machine / "log" / "upload.log").symlink_to("/dev/full")
    done = upload(machine, f"exit {status}")
    assert done.returncode == status
    assert f"could not be written; the upload itself ended with exit status {status}\n" in done.stdout
    assert ("the words of a run" in done.stdout) == bool(status)
