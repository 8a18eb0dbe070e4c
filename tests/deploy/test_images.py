"""What the images' recipe does, done without Docker; and the containers' cron."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "deploy" / "images"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.mark.images
@pytest.mark.timeout(900)
def test_the_recipe_installs_the_collector_alone(tmp_path: Path) -> None:
    recipe = (IMAGES / "Dockerfile").read_text()
    (step,) = re.findall(r"^RUN (deploy/images/install .*)$", recipe, re.MULTILINE)
    command = step.replace('"$ROLE"', "collector").replace("/opt/tidemark", str(tmp_path / "venv"))
    subprocess.run(command.split(), cwd=ROOT, check=True, capture_output=True)
    shown = subprocess.run([tmp_path / "venv/bin/tidemark", "--help"], check=True, capture_output=True, text=True)
    assert "collect" in shown.stdout
    installed = {path.name.lower() for path in (tmp_path / "venv/lib").glob("python*/site-packages/*")}
    assert "websockets" in installed
    assert not installed & {"airflow", "psycopg2", "pandas", "moto"}


def test_an_unknown_role_is_refused_with_those_there_are(tmp_path: Path) -> None:
    done = subprocess.run(
        [IMAGES / "install", "nobody", tmp_path / "venv"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "collector, airflow, kubernetes and local" in done.stderr


def test_the_containers_cron_waits_for_its_minute_goes_on_after_a_failure_and_leaves_when_asked(tmp_path: Path) -> None:
    slept, ran = tmp_path / "slept", tmp_path / "ran"
    for name, text in (("sleep", f"echo $1 >>{slept}; exec /bin/sleep 0.05"), ("date", "echo 1000000000")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    command = [IMAGES / "wait-hourly", "50", "sh", "-c", f"echo x >>{ran}; exit 3"]
    with subprocess.Popen(command, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, stderr=subprocess.PIPE) as cron:
        while not ran.exists() or len(ran.read_text().split()) < 2:
            assert cron.poll() is None
        cron.terminate()
        assert cron.wait(10) == 0
        assert cron.stderr
        assert b"sh ended with exit status 3; the next run tries again" in cron.stderr.read()
    # 1000000000 is 01:46:40, three minutes and twenty seconds before the minute 50
    assert set(slept.read_text().split()) == {"201"}


def test_the_example_of_the_environment_has_every_variable() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert asked <= set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_every_service_is_pinned_restrained_and_watched(name: str) -> None:
    service = COMPOSE["services"][name]
    assert re.fullmatch(r"tidemark-\w+|[\w./-]+:[\w.-]*\d[\w.-]*(@sha256:[0-9a-f]{64})?", service["image"])
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["cap_drop"] == ["ALL"]
    assert service.get("read_only") or name == "postgres"
    once_or_cron = service["restart"] == "on-failure" or name.startswith("upload-")
    assert once_or_cron or "healthcheck" in service
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")


def test_no_secret_has_a_value_in_the_compose_file() -> None:
    named = {
        name: str(value)
        for service in COMPOSE["services"].values()
        for name, value in service.get("environment", {}).items()
        if re.search(r"PASSWORD|SECRET|API_KEY|_URL$|CONN$", name)
    }
    assert len(named) > 8
    for name, value in named.items():
        assert "${" in value or "@" not in value, name
    secret = {name: value for name, value in named.items() if re.search("(PASSWORD|SECRET|KEY)$", name)}
    assert all(value.startswith("${") for value in secret.values()), secret


def test_every_image_gets_the_digest_that_its_tag_has_now(tmp_path: Path) -> None:
    for name in ("deploy/images/Dockerfile", "deploy/images/pin", "docker-compose.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    digest = f"sha256:{'0a' * 32}"
    (tmp_path / "skopeo").write_text(f"#!/bin/sh\necho {digest}\n")
    (tmp_path / "skopeo").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    pin = [tmp_path / "deploy/images/pin"]
    before = subprocess.run([*pin, "--check"], env=environment, capture_output=True, text=True, check=False)
    assert (before.returncode, "postgres:" in before.stderr) == (1, True)
    subprocess.run(pin, env=environment, check=True, capture_output=True)
    assert subprocess.run([*pin, "--check"], env=environment, check=False, capture_output=True).returncode == 0
    compose = yaml.safe_load((tmp_path / "docker-compose.yml").read_text())["services"]
    foreign = [service["image"] for service in compose.values() if not service["image"].startswith("tidemark-")]
    assert all(image.endswith(f"@{digest}") for image in foreign)
    recipe = (tmp_path / "deploy/images/Dockerfile").read_text()
    assert re.findall(r"^FROM \S+@sha256:\w+( AS build)?$", recipe, re.MULTILINE) == [" AS build", ""]
