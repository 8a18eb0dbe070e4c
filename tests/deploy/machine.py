"""A machine as EC2 gives it: a Debian root that systemd-nspawn boots, with the network of this one.

Debian 12, or what the variable SUITE names.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
SUITE = os.environ.get("SUITE", "bookworm")
PYTHON = {"bookworm": "3.11", "trixie": "3.13"}[SUITE]
PACKAGES = "ca-certificates,cron,dbus,logrotate,procps,python3-venv,systemd,systemd-sysv"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def clean_debian(root: Path) -> None:
    """Make a clean Debian in `root`, with a release of the collector unpacked in it."""
    _must("mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root))
    architecture = _must("dpkg", "--print-architecture").strip()
    _must(str(ROOT / "deploy" / "build-wheelhouse"), "collector", f"linux/{architecture}", PYTHON)
    release = root / "opt" / "tidemark-release"
    release.mkdir()
    _must("tar", "-xzf", str(ROOT / "dist" / "tidemark-collector.tar.gz"), "-C", str(release))


def _must(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class Machine:
    """A booted machine; `boot` and `power_off` may be called in turn."""

    def __init__(self, root: Path, log: Path) -> None:
        self.root, self._log = root, log

    def boot(self) -> None:
        """Start it and wait until systemd has started everything that it should."""
        command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", f"--directory={self.root}"]
        with self._log.open("ab") as log:
            self._nspawn = psutil.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: bool(self._nspawn.children()), "systemd-nspawn starts nothing")
        (self._leader,) = self._nspawn.children()
        until(lambda: self.ask("systemctl is-system-running").strip() in {"running", "degraded"}, "it does not boot")

    def power_off(self) -> None:
        """Shut it down as `poweroff` does."""
        self.ask("systemctl poweroff")
        self._nspawn.wait(60)

    def destroy(self) -> None:
        """End it, whatever it does, and remove its root."""
        if self._nspawn.is_running():
            self._nspawn.send_signal(signal.SIGKILL)
            self._nspawn.wait(60)
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        """Run a shell command on it as root."""
        enter = ["nsenter", "-t", str(self._leader.pid), "-m", "-u", "-i", "-p", "-C"]
        shell = ["env", "-i", f"PATH={_PATH}", "LC_ALL=C", "sh", "-c", command]
        return subprocess.run([*enter, *shell], capture_output=True, text=True, timeout=300, check=False)

    def ask(self, command: str) -> str:
        """Return what a command prints, whatever its exit status."""
        return self.run(command).stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file on it."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)


def until(true: Callable[[], bool], otherwise: str, seconds: float = 90) -> None:
    """Wait until something is true; fail after `seconds`, saying what happens instead."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.2)
