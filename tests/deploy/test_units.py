"""The systemd units: how exposed they are, and that what they start exists."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
LIB = UNITS.parent / "lib"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd: apt-get install systemd")
@pytest.mark.parametrize(
    "unit", ["tidemark-collector.service", "tidemark-airflow@.service", "tidemark-metrics@.service"]
)
def test_a_service_is_hardly_exposed(unit: str) -> None:
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", UNITS / unit],
        capture_output=True,
        text=True,
        check=True,
    )
    (exposure,) = re.findall(r"Overall exposure level for \S+: (\d+\.\d)", judged.stdout)
    assert float(exposure) <= 2.0


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda unit: unit.name)
def test_what_a_service_starts_is_installed(unit: Path) -> None:
    started = re.findall(r"/opt/tidemark/lib/([\w-]+)", unit.read_text())
    assert all((LIB / name).stat().st_mode & 0o111 for name in started)
    assert "EnvironmentFile=" in unit.read_text()


def test_the_collector_is_watched_never_given_up_and_ends_in_time() -> None:
    unit = (UNITS / "tidemark-collector.service").read_text()
    for line in ("Type=notify", "WatchdogSec=30", "Restart=always", "StartLimitIntervalSec=0", "KillSignal=SIGTERM"):
        assert f"\n{line}\n" in unit


@pytest.mark.parametrize(("status", "longer"), [("2", True), ("1", False), ("0", False), ("KILL", False), ("", False)])
def test_only_wrong_settings_make_the_next_start_wait(tmp_path: Path, status: str, *, longer: bool) -> None:
    unit = (UNITS / "tidemark-collector.service").read_text()
    (command,) = re.findall(r"^ExecStopPost=/bin/sh -c '(.*)'$", unit, re.MULTILINE)
    (tmp_path / "sleep").write_text("#!/bin/sh\necho waits $1\n")
    (tmp_path / "sleep").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "EXIT_STATUS": status}
    shell = ["/bin/sh", "-c", command.replace("$$", "$")]
    done = subprocess.run(shell, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == ("waits 10\n" if longer else "")
