"""The compose file started for real: its images built in a clean Debian, its services in namespaces, no Docker."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.containers import ROOT, Containers, debian, install, network

ROLES = ("collector", "airflow", "local")
SETTINGS = {
    "POSTGRES_PASSWORD": "of-the-warehouse",
    "LOADER_PASSWORD": "of-loads",
    "GRAFANA_PASSWORD": "of-grafana",
    "AIRFLOW_SECRET_KEY": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "TIDEMARK_STREAM_URL": "ws://simulator:8765/socket/websocket",
    "TIDEMARK_API_URL": "http://simulator:8765/api/v2",
}
pytestmark = [
    pytest.mark.images,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and chroot need root"),
    pytest.mark.skipif(not shutil.which("debootstrap"), reason="needs debootstrap: apt-get install debootstrap"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Debian, and beside it what each role's image holds in /opt/tidemark."""
    folder = tmp_path_factory.mktemp("containers")
    folder.chmod(0o755)
    debian(folder / "debian")
    for role in ROLES:
        install(folder / "debian", role, folder / role)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def containers(executor: str, built: Path, tmp_path: Path) -> Iterator[Containers]:
    """What the compose file describes, with nothing started yet."""
    with network("tidemark-test") as name:
        made = Containers(built / "debian", built, tmp_path, name, SETTINGS | {"AIRFLOW_EXECUTOR": executor})
        try:
            yield made
        finally:
            made.stop()


@pytest.mark.parametrize("executor", ["LocalExecutor", "CeleryExecutor"])
def test_the_whole_system_comes_up_records_and_runs_a_dag(containers: Containers, executor: str) -> None:
    for name in ("postgres", "redis", "s3"):
        containers.start(name)
        containers.await_health(name)
    containers.run("bucket")
    containers.run("airflow-setup")
    # all share one address here, so there is room for one of two equals
    stay = ["simulator", "collector-a", "airflow-api-server", "airflow-dag-processor", "airflow-scheduler"]
    stay += ["airflow-triggerer", *(["airflow-worker"] if executor == "CeleryExecutor" else [])]
    for name in (*stay, "upload-a"):
        containers.start(name)
    for name in stay:
        containers.await_health(name)
    assert "joined and writing" in containers.run("collector-a", "tidemark", "status")
    containers.run("upload-a", "tidemark", "upload")
    assert containers.running("upload-a")
    containers.await_success("airflow-scheduler", "airflow", "dags", "trigger", "reconcile_archive")
    deadline = time.monotonic() + 180
    while (state := state_of_newest(containers, "reconcile_archive")) not in {"success", "failed"}:
        assert time.monotonic() < deadline, state
    assert state == "success"


def state_of_newest(containers: Containers, dag: str) -> str:
    said = containers.run("airflow-scheduler", "airflow", "dags", "list-runs", dag, "--output", "json")
    (runs,) = re.findall(r"^(\[\{.*\}\])\s*$", said, re.MULTILINE)
    return str(json.loads(runs)[0]["state"])


def test_the_airflow_machine_installs_without_a_network_and_sets_itself_up(built: Path, tmp_path: Path) -> None:
    root = built / "debian"
    subprocess.run([ROOT / "deploy" / "build-wheelhouse", "airflow"], check=True)
    (root / "opt/tidemark-release").mkdir()
    release = ["tar", "-xzf", ROOT / "dist" / "tidemark-airflow.tar.gz", "-C", root / "opt/tidemark-release"]
    subprocess.run(release, check=True)
    with network("tidemark-airflow") as name:
        containers = Containers(root, built, tmp_path, name, SETTINGS)
        try:
            containers.start("postgres")
            containers.await_health("postgres")
            machine = ["ip", "netns", "exec", name, "chroot", str(root)]
            subprocess.run([*machine, "/opt/tidemark-release/deploy/install", "--airflow"], check=True)
            address = f"postgresql://tidemark:{SETTINGS['POSTGRES_PASSWORD']}@postgres:5432/tidemark?sslmode=disable\n"
            (root / "etc/tidemark/secrets/warehouse-url").write_text(address)
            subprocess.run([*machine, "/opt/tidemark/lib/fetch-secret", "warehouse-url", "airflow-url"], check=True)
            within = [*machine, "/opt/tidemark/lib/with-settings"]
            for _ in ("first", "again"):
                subprocess.run([*within, "/opt/tidemark/lib/airflow-setup"], check=True)
            pools = subprocess.run([*within, "airflow", "pools", "list"], check=True, capture_output=True, text=True)
            assert "warehouse" in pools.stdout
        finally:
            containers.stop()
