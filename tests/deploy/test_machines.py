"""A collector's machine, booted: what happens on EC2 from the first boot to the reboot, with the real systemd and cron.

`make machines`. One test is one machine's life in its order, because each step begins where the one before ended.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.deploy.machine import Machine, clean_debian, until
from tidemark.archive.names import CoverageName, ManifestKey
from tidemark.archive.reasons import Reason
from tidemark.core.hour import Hour

SERVICE = "tidemark-collector"
METRICS = 19464
READY = f"python3 -c \"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{METRICS}/readyz').status)\""
KEY = "/etc/tidemark/secrets/opensea-api-key"
INSTALL = "/opt/tidemark-release/deploy/install"
pytestmark = [
    pytest.mark.machines,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.geteuid() != 0, reason="systemd-nspawn needs root"),
    pytest.mark.skipif(
        not all(map(shutil.which, ("mmdebstrap", "systemd-nspawn"))),
        reason="needs: apt-get install mmdebstrap systemd-container",
    ),
]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Boot a clean Debian that has the release and no settings yet."""
    folder = tmp_path_factory.mktemp("machine")
    folder.parent.chmod(0o755)
    root = folder / "debian"
    clean_debian(root)
    made = Machine(root, folder / "console.log")
    made.boot()
    yield made
    made.destroy()


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a simulator that takes the key `right`."""
    command = [str(Path(sys.executable).with_name("tidemark")), "simulate", "--json", "--port", "0", "--rate", "50"]
    ledger = str(tmp_path_factory.mktemp("simulator"))
    options = ["--key", "a=right", "--ledger", ledger]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())["stream_url"]
        finally:
            process.terminate()


def test_the_life_of_a_collectors_machine(machine: Machine, stream: str, s3_endpoint: str, bucket: str) -> None:
    settings = {
        "TIDEMARK_COLLECTOR": "collector-a",
        "TIDEMARK_COLLECTIONS_FILE": "/var/lib/tidemark/collections",
        "TIDEMARK_BUCKET": bucket,
        "TIDEMARK_STREAM_URL": stream,
        "TIDEMARK_METRICS_PORT": str(METRICS),
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    machine.write("/etc/tidemark/collector.env", "".join(f"{name}={value}\n" for name, value in settings.items()))
    machine.write("/var/lib/tidemark/collections", "harbor-seals\n")
    _installs_without_a_key_then_takes_a_wrong_one_and_the_right_one(machine)
    _is_started_again_after_kill_and_after_hanging(machine)
    _joins_another_collection_without_a_restart(machine)
    _ships_an_hour_by_cron(machine, bucket)
    _records_a_full_disk_as_a_gap_that_ends(machine)
    _records_again_after_an_update_and_a_reboot(machine)


def _installs_without_a_key_then_takes_a_wrong_one_and_the_right_one(machine: Machine) -> None:
    done = machine.run(INSTALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "waits for its OpenSea API key" in done.stdout
    machine.write(KEY, "wrong\n", 0o600)
    until(lambda: _active(machine), "a wrong key is not tried")
    until(lambda: "key_refused" in _journal(machine), "a refused key is not told")
    assert not _ready(machine)
    _waits_between_starts_with_wrong_settings(machine)
    pid = _pid(machine)
    machine.write(KEY, "right\n", 0o600)
    assert machine.run(f"systemctl restart {SERVICE}").returncode == 0
    until(lambda: _ready(machine), "the right key does not help")
    until(lambda: any(machine.root.glob("var/lib/tidemark/spool/open/*.0001.jsonl")), "nothing is recorded")
    assert _pid(machine) != pid


def _waits_between_starts_with_wrong_settings(machine: Machine) -> None:
    right = (machine.root / "etc/tidemark/collector.env").read_text()
    machine.write("/etc/tidemark/collector.env", f"{right}HTTP_PROXY=ftp://me:s3cret@proxy\n")
    machine.run(f"systemctl restart --no-block {SERVICE}")
    until(lambda: "the proxy in the environment cannot be used" in _journal(machine), "a wrong proxy is not told")
    until(lambda: machine.ask(f"systemctl show -P SubState {SERVICE}").strip() == "stop-post", "it does not wait")
    machine.write("/etc/tidemark/collector.env", right)
    until(lambda: _active(machine), "it does not start when its settings are right again")
    assert "s3cret" not in _journal(machine)


def _journal(machine: Machine) -> str:
    return machine.ask(f"journalctl -u {SERVICE} -o cat")


def _is_started_again_after_kill_and_after_hanging(machine: Machine) -> None:
    for signal in ("KILL", "STOP"):  # a stopped process does not answer systemd's watchdog
        pid = _pid(machine)
        machine.run(f"kill -{signal} {pid}")
        until(lambda pid=pid: _pid(machine) not in {pid, "0"}, f"SIG{signal} is not noticed")  # type: ignore[misc]
        until(lambda: _ready(machine), f"it does not join again after SIG{signal}")
        until(lambda: Reason.PROCESS_DIED in _reasons(machine), "no gap is written")


def _joins_another_collection_without_a_restart(machine: Machine) -> None:
    pid = _pid(machine)
    machine.write("/var/lib/tidemark/collections", "harbor-seals\nstorm-glass\n")
    assert machine.run(f"systemctl reload {SERVICE}").returncode == 0
    until(lambda: _metric(machine, "tidemark_topics_joined") == 2, "the reload joins nothing")
    assert _pid(machine) == pid


def _ships_an_hour_by_cron(machine: Machine, bucket: str) -> None:
    hour = Hour.parse("2026-11-20T10")
    machine.write(f"/var/lib/tidemark/spool/sealed/{CoverageName(hour)}", "")
    machine.run("chown -R tidemark:tidemark /var/lib/tidemark/spool")
    table, pam = machine.root / "etc/cron.d/tidemark-upload", machine.root / "etc/pam.d/cron"
    table.write_text(re.sub(r"^\d+ \* \* \* \* tidemark", "* * * * * tidemark", table.read_text(), flags=re.MULTILINE))
    # the container has no login uid to set; cron would refuse to run anything
    pam.write_text("".join(line for line in pam.read_text().splitlines(True) if "pam_loginuid" not in line))
    log = machine.root / "var/log/tidemark/upload.log"
    until(lambda: log.exists() and "exit status" in log.read_text(), "cron runs nothing", 150)
    assert "exit status 0" in log.read_text()
    keys = {found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]}
    assert str(ManifestKey("", "collector-a", hour)) in keys


def _records_a_full_disk_as_a_gap_that_ends(machine: Machine) -> None:
    machine.run(f"systemctl stop {SERVICE}")
    owner = "mode=0750,uid=$(id -u tidemark),gid=$(id -g tidemark)"
    assert machine.run(f"mount -t tmpfs -o size=1m,{owner} x /var/lib/tidemark/spool").returncode == 0
    machine.run(f"systemctl start {SERVICE}")
    until(lambda: _metric(machine, "tidemark_dropped_messages_total") > 0, "the disk is never full")
    machine.run("mount -o remount,size=60m /var/lib/tidemark/spool")
    until(lambda: _ready(machine), "room is not noticed")
    until(lambda: Reason.DISK_FULL in _reasons(machine), "no gap is written")
    machine.run(f"systemctl stop {SERVICE}; umount /var/lib/tidemark/spool; systemctl start {SERVICE}")
    until(lambda: _ready(machine), "it does not go on with its old spool")


def _records_again_after_an_update_and_a_reboot(machine: Machine) -> None:
    pid = _pid(machine)
    done = machine.run(INSTALL)
    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: _ready(machine), "the update does not record")
    assert _pid(machine) != pid
    machine.power_off()
    machine.boot()
    until(lambda: _ready(machine), "it does not record after a reboot")
    assert machine.ask(f"systemctl show -P NRestarts {SERVICE}").strip() == "0"


def _ready(machine: Machine) -> bool:
    return machine.run(READY).returncode == 0


def _active(machine: Machine) -> bool:
    return machine.ask(f"systemctl is-active {SERVICE}").strip() == "active"


def _pid(machine: Machine) -> str:
    return machine.ask(f"systemctl show -P MainPID {SERVICE}").strip()


def _reasons(machine: Machine) -> set[str]:
    """The reasons of the gaps in the ledgers, read on the machine because the spool may be mounted there."""
    program = """
from pathlib import Path
from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import read_ledger
from tidemark.archive.names import CoverageName
for path in Path("/var/lib/tidemark/spool").glob("*/*.coverage.jsonl"):
    print(*(gap.reason for gap in coverage_of(read_ledger(path.read_bytes()), CoverageName.parse(path.name).hour).gaps))
"""
    machine.write("/opt/reasons.py", program)
    return set(machine.ask("/opt/tidemark/bin/python -P /opt/reasons.py").split())


def _metric(machine: Machine, name: str) -> float:
    page = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{METRICS}/metrics').read().decode())"
    found = re.findall(rf"^{name} (\S+)$", machine.ask(f'python3 -c "{page}"'), re.MULTILINE)
    return float(found[0]) if found else 0.0
