"""What goes to Kubernetes: objects against its own schemas, the values against Airflow's chart, users that log in."""

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tidemark.archive.names import checked_collector
from tidemark.local.ports import free_port
from tidemark.storage.settings import FIELDS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
TOOLS, AIRFLOW = ROOT / ".venv-tools" / "bin", ROOT / ".venv-kubernetes" / "bin"
CHART = os.environ.get("CHART", "")
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text())
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((FOLDER / "collector.yaml").read_text()))
PAGE = (ROOT / "docs" / "kubernetes.md").read_text()
needs_tools = pytest.mark.skipif(not TOOLS.exists(), reason="needs the checkers: make tools")


def objects(*arguments: str | Path) -> list[dict[str, Any]]:
    """Return what `render_chart.py` has checked."""
    command = [TOOLS / "python", ROOT / "tests/deploy/render_chart.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def pods(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the specifications of all pods."""
    jobs = [each["spec"]["jobTemplate"] for each in found if each["kind"] == "CronJob"]
    owners = [each for each in found if each["kind"] in ("Deployment", "Job", "StatefulSet")]
    return [owner["spec"]["template"]["spec"] for owner in owners + jobs]


def containers(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for pod in pods(found) for each in (*pod.get("initContainers", []), *pod["containers"])]


@needs_tools
def test_the_collectors_objects_are_what_kubernetes_takes(tmp_path: Path) -> None:
    assert objects(FOLDER / "collector.yaml") == OBJECTS
    (tmp_path / "wrong.yaml").write_text(
        (FOLDER / "collector.yaml").read_text().replace("replicas: 2", "replicas: two")
    )
    with pytest.raises(AssertionError, match="replicas"):
        objects(tmp_path / "wrong.yaml")


def test_each_collector_has_its_upload_beside_it_on_its_volume() -> None:
    by_kind = {kind: [each for each in OBJECTS if each["kind"] == kind] for kind in ("StatefulSet", "CronJob")}
    (collector,) = by_kind["StatefulSet"]
    (claim,) = collector["spec"]["volumeClaimTemplates"]
    names = [f"{collector['metadata']['name']}-{number}" for number in range(collector["spec"]["replicas"])]
    assert [checked_collector(name) for name in names] == names
    for job, name in zip(by_kind["CronJob"], names, strict=True):
        pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        assert {"name": "TIDEMARK_COLLECTOR", "value": name} in pod["containers"][0]["env"]
        assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == f"{claim['metadata']['name']}-{name}"
        (near,) = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert near["labelSelector"]["matchLabels"] == {"statefulset.kubernetes.io/pod-name": name}
    assert {"name": "TIDEMARK_COLLECTORS", "value": ",".join(names)} in VALUES["env"]
    assert len({job["spec"]["schedule"] for job in by_kind["CronJob"]}) == len(names)


def test_each_upload_reads_the_keys_of_the_archive_where_there_are_any() -> None:
    uploads = [each for each in containers(OBJECTS) if each["args"] == ["upload"]]
    assert len(uploads) == 2
    for upload in uploads:
        assert {"secretRef": {"name": "tidemark-archive", "optional": True}} in upload["envFrom"]
    (made,) = re.findall(r"create secret generic tidemark-archive (.*?)\n```", PAGE, re.DOTALL)
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= set(re.findall(r"--from-file=(\w+)", made))


def test_pods_run_as_the_images_user_without_any_right() -> None:
    assert {pod["securityContext"]["runAsUser"] for pod in pods(OBJECTS)} == {10001} == {VALUES["uid"]}
    for container in containers(OBJECTS):
        context = container["securityContext"]
        assert (context["readOnlyRootFilesystem"], context["capabilities"]) == (True, {"drop": ["ALL"]})


def test_no_pod_is_told_of_services_by_variables_that_begin_like_settings() -> None:
    assert [pod.get("enableServiceLinks") for pod in pods(OBJECTS)] == [False] * 3
    assert VALUES["enableServiceLinks"] is False


def test_probes_and_settings_are_those_of_the_programs() -> None:
    paths = set(re.findall(r'"(/\w+)"', (ROOT / "collector" / "program.py").read_text()))
    (collector,) = (each for each in containers(OBJECTS) if each["name"] == "collector")
    assert {collector[probe]["httpGet"]["path"] for probe in ("readinessProbe", "livenessProbe")} <= paths
    (settings,) = (each["data"] for each in OBJECTS if each["kind"] == "ConfigMap")
    named = [*settings, *(each["name"] for each in VALUES["env"])]
    assert {name.removeprefix("TIDEMARK_").lower() for name in named if name.startswith("TIDEMARK_")} <= FIELDS


def test_the_page_makes_every_secret_that_is_read() -> None:
    text = (FOLDER / "values.yaml").read_text() + (FOLDER / "collector.yaml").read_text()
    read = set(re.findall(r"(?:SecretName: |secretRef: \{name: |secretKeyRef: \{name: )([\w-]+)", text))
    assert read == set(re.findall(r"create secret generic ([\w-]+)", PAGE))


def owners(some: list[dict[str, Any]]) -> list[str]:
    """Return the names of the containers that get the owner's address."""
    owner = {"secretRef": {"name": "tidemark-owner"}}
    return [each["name"] for each in some if owner in each.get("envFrom", [])]


def test_the_owners_address_reaches_what_prepares_the_warehouse_and_no_task() -> None:
    (preparing,) = VALUES["scheduler"]["extraInitContainers"]
    assert owners([preparing]) == ["tidemark"]
    assert (FOLDER / "values.yaml").read_text().count("tidemark-owner") == 1
    migrates, gives_login, *_ = preparing["args"][-1].split(" && ")
    assert migrates == "TIDEMARK_WAREHOUSE_URL=$TIDEMARK_OWNER_URL tidemark migrate"
    assert f"deploy/lib/{gives_login} /opt/tidemark/bin/" in (ROOT / "deploy/images/Dockerfile").read_text()
    assert "postgresql://tidemark_loader:" in PAGE


@needs_tools
@pytest.mark.skipif(not CHART, reason="needs Airflow's chart: make kubernetes CHART=FOLDER")
def test_airflows_chart_takes_the_values() -> None:
    found = objects(FOLDER / "values.yaml", CHART)
    assert {each["kind"] for each in found} >= {"Deployment", "Job"}
    assert owners(containers(found)) == ["tidemark"]
    names = {pod["containers"][0]["name"] for pod in pods(found)}
    assert {"api-server", "scheduler", "dag-processor", "triggerer", "create-user", "run-airflow-migrations"} <= names
    programs = re.search(r"^  (.+)\) exec", (ROOT / "deploy/images/entrypoint").read_text(), re.MULTILINE)
    assert programs
    for container in containers(found):
        assert container["image"] == "REGISTRY/tidemark-kubernetes:0.1.0"
        assert container.get("command") or container["args"][0] in programs[1].split(" | ")
        assert "/clean-logs" not in container["args"]  # a program of another image


@pytest.mark.timeout(900)
@pytest.mark.skipif(not AIRFLOW.exists(), reason="needs the image's packages: make kubernetes")
def test_people_log_in_with_names_of_their_own(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        "PATH": f"{AIRFLOW}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__AUTH_MANAGER": VALUES["config"]["core"]["auth_manager"],
        "AIRFLOW__CORE__EXECUTOR": VALUES["executor"],
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": "k" * 32,
        "AIRFLOW__API_AUTH__JWT_SECRET": "j" * 64,
        "ADMIN_PASSWORD": "of-the-test",
    }
    (create,) = VALUES["createUserJob"]["args"]
    with (tmp_path / "output").open("w") as output:
        for command in (["airflow", "db", "migrate"], [*VALUES["createUserJob"]["command"], create]):
            done = subprocess.run(command, env=environment, stdout=output, stderr=output, check=False)
            assert done.returncode == 0, (tmp_path / "output").read_text()[-3000:]
        server = subprocess.Popen(
            ["airflow", "api-server"], env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                _await(client, server, tmp_path / "output")
                assert client.get("/api/v2/dags").status_code == 401
                wrong = client.post("/auth/token", json={"username": "admin", "password": "another"})
                assert wrong.status_code == 401
                token = client.post("/auth/token", json={"username": "admin", "password": "of-the-test"})
                headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
                assert client.get("/api/v2/pools", headers=headers).status_code == 200
        finally:
            os.killpg(server.pid, 15)
            server.wait(30)


def _await(client: httpx.Client, server: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        assert server.poll() is None, output.read_text()[-3000:]
        assert time.monotonic() < deadline, output.read_text()[-3000:]
        try:
            if client.get("/api/v2/version").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.3)
