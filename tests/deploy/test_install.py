"""The installer and the cron table in a clean Debian, as `mmdebstrap` makes it: 12, or SUITE=trixie for 13."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import psutil
import pytest

from tests.deploy.machine import PYTHON, SUITE
from tidemark.archive.names import CoverageName, ManifestKey, ObjectKey, SegmentName
from tidemark.archive.record import record_line
from tidemark.core.hour import Hour

PROJECT = Path(__file__).parents[2]
HOUR = Hour.parse("2026-11-20T10")
ANOTHER = {"3.11": "3.13", "3.13": "3.11"}[PYTHON]


def refused(release: Path, *words: str, python: str, machine: str) -> tuple[int, str]:
    """Run a release's installer where python3 and the machine are these; return what it ends with and says."""
    programs = {
        "python3": f"[ $# = 2 ] && case $2 in *print*) echo {python};; esac",
        "uname": f"echo {machine}",
        "id": "echo 0",
    }
    for name, text in programs.items():
        (release / name).write_text(f"#!/bin/sh\n{text}\n")
        (release / name).chmod(0o755)
    done = subprocess.run(
        [release / "deploy" / "install", *words],
        env={"PATH": f"{release}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release for x86-64 and Python 3.11, without its wheels."""
    for folder in ("deploy", "wheels"):
        (tmp_path / folder).mkdir()
    shutil.copy(PROJECT / "deploy" / "install", tmp_path / "deploy")
    (tmp_path / "wheels" / "python-version").write_text("3.11\n")
    (tmp_path / "wheels" / "platform").write_text("linux/amd64\n")
    return tmp_path


@pytest.mark.parametrize("words", [["--airlfow"], ["--help"], ["airflow"], ["--airflow", "collector"]])
def test_a_role_that_there_is_not_is_refused(release: Path, words: list[str]) -> None:
    status, said = refused(release, *words, python="3.9", machine="x86_64")
    assert (status, said.startswith("usage: deploy/install [--airflow]")) == (2, True)


@pytest.mark.parametrize(
    ("python", "machine", "says"),
    [
        (
            "3.13",
            "x86_64",
            "here is linux/amd64, Python 3.13; make one with: deploy/build-wheelhouse airflow linux/amd64 3.13",
        ),
        ("3.11", "aarch64", "make one with: deploy/build-wheelhouse airflow linux/arm64 3.11"),
        ("3.10", "x86_64", "there are releases for linux/amd64 and linux/arm64 with Python 3.11, 3.12 and 3.13"),
        ("3.14", "aarch64", "there are releases for"),
        ("3.11", "riscv64", "there are releases for"),
    ],
)
def test_a_release_for_another_machine_is_refused_with_one_that_can_be_made(
    release: Path, python: str, machine: str, says: str
) -> None:
    status, said = refused(release, "--airflow", python=python, machine=machine)
    assert status == 1
    assert "this release is for linux/amd64, Python 3.11, and here is" in said
    assert says in said


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a clean Debian with the release unpacked in it and the collector installed."""
    root = tmp_path_factory.mktemp("debian")
    root.chmod(0o755)
    packages = "ca-certificates,cron,logrotate,python3-venv,systemd"
    _run("mmdebstrap", "--variant=minbase", f"--include={packages}", SUITE, str(root))
    machine = _run("dpkg", "--print-architecture").strip()
    _run(str(PROJECT / "deploy" / "build-wheelhouse"), "collector", f"linux/{machine}", PYTHON)
    release = root / "opt" / "tidemark-release"
    release.mkdir()
    _run("tar", "-xzf", str(PROJECT / "dist" / "tidemark-collector.tar.gz"), "-C", str(release))
    yield root
    shutil.rmtree(root)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def _inside(root: Path, *command: str) -> str:
    return _run("chroot", str(root), "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command)


@pytest.mark.long
@pytest.mark.e2e
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")
@pytest.mark.skipif(not shutil.which("mmdebstrap"), reason="needs mmdebstrap: apt-get install mmdebstrap")
def test_it_installs_without_a_network_twice_and_cron_ships_an_hour_and_mails_only_what_failed(
    debian: Path, s3_endpoint: str, bucket: str
) -> None:
    # An empty network namespace: whatever reached for a registry would fail.
    install = ("unshare", "--net", "chroot", str(debian), "/opt/tidemark-release/deploy/install")
    first, second = _run(*install), _run(*install)
    assert "done; systemd does not run here" in first
    assert second == first

    assert "collect" in _inside(debian, "/opt/tidemark/bin/tidemark", "--help")
    # what the Airflow machine has more than this one: its units, and a program of that name
    _inside(debian, "sh", "-c", "cp /opt/tidemark-release/deploy/systemd/* /etc/systemd/system/")
    _inside(debian, "ln", "-s", "/bin/true", "/opt/tidemark/bin/airflow")
    for unit in ("collector.service", "airflow.target", "airflow@scheduler.service", "metrics@collector.timer"):
        assert _inside(debian, "systemd-analyze", "verify", "--man=no", f"tidemark-{unit}") == ""

    _makes_its_environment_again_after_an_upgrade_of_the_system(debian)
    _secrets_are_kept_by_root_alone(debian)
    _configure(debian, s3_endpoint, "no-such-bucket")
    key = _spooled_hour(debian)
    log, mail = debian / "var/log/tidemark/upload.log", debian / "var/log/tidemark/mail"
    with subprocess.Popen(["chroot", str(debian), "cron", "-f"]) as cron:
        _await_run(cron.pid, log, 1)
        failed = mail.read_text()
        settings = debian / "etc/tidemark/collector.env"
        settings.write_text(settings.read_text().replace("no-such-bucket", bucket))
        _await_run(cron.pid, log, 2)
        cron.terminate()
    assert re.findall("exit status .*", log.read_text()) == ["exit status 1", "exit status 0"]
    assert "To: root\n" in failed
    assert re.search("tidemark upload failed on .* with exit status 1:\n.*no-such-bucket", failed, re.DOTALL)
    assert mail.read_text() == failed
    _inside(debian, "logrotate", "--force", "/etc/logrotate.d/tidemark")
    assert log.read_text() == ""
    assert "exit status 0" in log.with_name("upload.log.1").read_text()
    keys = {found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]}
    assert {key, str(ManifestKey("", "collector-a", HOUR))} <= keys


def _makes_its_environment_again_after_an_upgrade_of_the_system(root: Path) -> None:
    library = root / "opt/tidemark/lib"
    (library / f"python{PYTHON}").rename(library / f"python{ANOTHER}")  # what the new Python finds of the old one
    kept = root / "opt/tidemark/etc/rds-ca.pem"
    kept.write_text("certificates\n")
    timer = root / "etc/systemd/system/tidemark-metrics@.timer"
    timer.unlink()
    (root / "etc/tidemark/collector.env").write_text(' TIDEMARK_METRICS_NAMESPACE = "tidemark"\n')
    _inside(root, "/opt/tidemark-release/deploy/install")
    assert timer.exists()  # the installer reads settings as systemd does
    assert "collect" in _inside(root, "/opt/tidemark/bin/tidemark", "--help")
    assert [path.name for path in library.glob("python*")] == [f"python{PYTHON}"]
    assert kept.exists()


def _secrets_are_kept_by_root_alone(root: Path) -> None:
    (root / "etc/tidemark/secrets/opensea-api-key").write_text("a-key\n")
    (root / "etc/tidemark/secrets/warehouse-url").write_text("postgresql://u:p@host:5432/tidemark?sslmode=require\n")
    _inside(root, "/opt/tidemark/lib/fetch-secret", "--required", "opensea-api-key", "warehouse-url", "airflow-url")
    folder = root / "run/tidemark-secret"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "opensea-api-key.env").read_text() == "OPENSEA_API_KEY=a-key\n"
    assert (folder / "warehouse-url.env").read_text() == (
        "TIDEMARK_WAREHOUSE_URL=postgresql://u:p@host:5432/tidemark?sslmode=require\n"
        "PGSSLROOTCERT=/opt/tidemark/etc/rds-ca.pem\n"
    )
    assert (folder / "airflow-url.env").read_text() == (
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=postgresql+psycopg2://u:p@host:5432/airflow?sslmode=require\n"
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC=postgresql+asyncpg://u:p@host:5432/airflow?ssl=require\n"
    )
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def _configure(root: Path, endpoint: str, bucket: str) -> None:
    (root / "etc/tidemark/collector.env").write_text(
        f"TIDEMARK_COLLECTOR=collector-a\nTIDEMARK_COLLECTIONS=*\nTIDEMARK_BUCKET={bucket}\nAWS_ENDPOINT_URL={endpoint}\n"
        "AWS_DEFAULT_REGION=us-east-1\nAWS_ACCESS_KEY_ID=test\nAWS_SECRET_ACCESS_KEY=test\n"
    )
    table = root / "etc/cron.d/tidemark-upload"
    minute, rest = table.read_text().split(" * * * * tidemark ")
    explained, _, minute = minute.rpartition("\n")
    assert 2 <= int(minute) <= 11
    table.write_text(f"{explained}\n* * * * * tidemark {rest}")
    sendmail = root / "usr/sbin/sendmail"
    sendmail.write_text("#!/bin/sh\ncat >>/var/log/tidemark/mail\n")
    sendmail.chmod(0o755)
    # A chroot has no login uid to set; cron would refuse to run anything.
    pam = root / "etc/pam.d/cron"
    pam.write_text("".join(line for line in pam.read_text().splitlines(True) if "pam_loginuid" not in line))


def _spooled_hour(root: Path) -> str:
    segment = SegmentName(HOUR, 1)
    sealed = root / "var/lib/tidemark/spool/sealed"
    sealed.mkdir(parents=True)
    line = record_line("2026-11-20T10:00:00.000000Z", "collection:*", b'{"event_type":"item_listed","payload":{}}')
    (sealed / str(segment)).write_bytes(line)
    (sealed / str(CoverageName(HOUR))).write_bytes(b"")
    _inside(root, "chown", "-R", "tidemark:tidemark", "/var/lib/tidemark")
    return str(ObjectKey("", "collector-a", segment))


def _await_run(cron: int, log: Path, number: int) -> None:
    """Wait until cron's run of this number has written its log, and cron has mailed what it had to say."""
    deadline = time.monotonic() + 150
    while not (log.exists() and log.read_text().count("exit status") == number and not psutil.Process(cron).children()):
        assert time.monotonic() < deadline, "cron ran nothing"
        time.sleep(0.5)
