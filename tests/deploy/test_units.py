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


def test_only_the_setup_is_given_the_owners_password_and_only_while_it_runs() -> None:
    texts = {unit.name: unit.read_text() for unit in UNITS.glob("*.service")}
    fetched = {name: set(" ".join(re.findall(r"fetch-secret (.*)", text)).split()) for name, text in texts.items()}
    given = {name for name in texts if "owner-url" in fetched[name] or "owner-url.env" in texts[name]}
    assert given == {"tidemark-airflow-setup.service"}
    for moment in ("ExecStartPost", "ExecStopPost"):
        assert f"\n{moment}=+/bin/rm -f /run/tidemark-secret/owner-url.env\n" in texts["tidemark-airflow-setup.service"]
    assert fetched["tidemark-collector.service"] == {"--required", "opensea-api-key"}
    assert fetched["tidemark-airflow@.service"] == {"opensea-api-key", "warehouse-url", "airflow-url", "fernet-key"}


def test_on_aws_loads_log_in_as_the_loader_by_iam_and_have_no_secret() -> None:
    script, template = (LIB / "fetch-secret").read_text(), (LIB.parent / "aws" / "airflow.yaml").read_text()
    assert re.findall(r"^loader_url\(\) .*address (.*); }$", script, re.MULTILINE) == ["tidemark tidemark_loader"]
    assert re.findall(r":dbuser:\S+/(\w+)", template) == ["tidemark_loader"]
    assert set(re.findall(r"'(TIDEMARK_\w*SECRET_ID)=", template)) == {
        "TIDEMARK_SECRET_ID", "TIDEMARK_OWNER_SECRET_ID", "TIDEMARK_AIRFLOW_SECRET_ID",
        "TIDEMARK_FERNET_SECRET_ID",
    }  # fmt: skip


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
