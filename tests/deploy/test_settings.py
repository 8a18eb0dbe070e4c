"""What the scripts take over from the files of settings, which systemd reads for the services."""

import shlex
import subprocess
from pathlib import Path

import pytest

SETTINGS = Path(__file__).parents[2] / "deploy" / "lib" / "settings"
SYSTEMD = Path("/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator")
READ_ALIKE = r"""# a comment \
; another
https_proxy=http://proxy:3128
 TIDEMARK_BUCKET = "b"
SINGLE='a \ "b" c'
DOUBLE="a \"q\" \\ \n"
INNER=a "b"  'c'
ESCAPED=a\\b\"c\ d
JOINED=a\
  b
CARRIAGE=x""" + "\r" + r"""
_1=x=y=z
A SPACE=x
AT_THE_END=x\
"""  # fmt: skip


def taken(folder: Path, text: str) -> tuple[dict[str, str], str]:
    """Return what a shell has after these settings, and what it was told; it still runs."""
    file = folder / "a.conf"
    file.write_bytes(text.encode())
    script = 'set -eu; . "$1"; take_settings /nowhere "$2"; env -0'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", SETTINGS, file], env={}, capture_output=True, text=True, check=True
    )
    pairs = (each.partition("=") for each in done.stdout.split("\0") if each)
    return {name: value for name, _, value in pairs if name != "PWD"}, done.stderr


@pytest.mark.skipif(not SYSTEMD.exists(), reason="needs systemd")
def test_settings_are_read_as_systemd_reads_them(tmp_path: Path) -> None:
    (tmp_path / "environment.d").mkdir()
    found, _ = taken(tmp_path / "environment.d", READ_ALIKE)
    done = subprocess.run([SYSTEMD], env={"XDG_CONFIG_HOME": str(tmp_path)}, capture_output=True, text=True, check=True)
    theirs = dict(line.split("=", 1) for line in shlex.split(done.stdout))
    assert found == {name: value for name, value in theirs.items() if name in READ_ALIKE}
    assert found["TIDEMARK_BUCKET"] == "b"


def test_what_is_read_is_what_is_written(tmp_path: Path) -> None:
    found, told = taken(tmp_path, 'https_proxy=http://proxy:3128\n\n  A="$HOME `id`"\nB=$(id) #\nEMPTY=\nLAST=1')
    assert found == {"https_proxy": "http://proxy:3128", "A": "$HOME `id`", "B": "$(id) #", "EMPTY": "", "LAST": "1"}
    assert told == ""


@pytest.mark.parametrize(
    "line", ["TIDEMARK BUCKET=s3cret", "s3cret", "1A=s3cret", "=s3cret", 'A="s3cret', "A='s'3cret"]
)
def test_a_line_that_sets_nothing_is_named_and_not_shown(tmp_path: Path, line: str) -> None:
    found, told = taken(tmp_path, f"FIRST=1\n{line}\nLAST=2\n")
    assert found == {"FIRST": "1", "LAST": "2"}
    assert f"line 2 of {tmp_path / 'a.conf'} was skipped" in told
    assert "s3cret" not in told
