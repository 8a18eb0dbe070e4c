"""What a service gets for secrets before it starts, where Secrets Manager answers, fails, or has nothing."""

import subprocess
from pathlib import Path

import pytest

LIB = Path(__file__).parents[2] / "deploy" / "lib"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine's folders below one folder, with the scripts that go there and a program `aws`."""
    for folder in ("lib", "etc", "run", "bin"):
        (tmp_path / folder).mkdir()
    for script in ("fetch-secret", "settings"):
        text = (LIB / script).read_text().replace("/run/tidemark-secret", str(tmp_path / "run"))
        (tmp_path / "lib" / script).write_text(text.replace("/etc/tidemark", str(tmp_path / "etc")))
    (tmp_path / "bin" / "sleep").write_text("#!/bin/sh\n")
    (tmp_path / "etc" / "collector.env").write_text("TIDEMARK_SECRET_ID=ours\nTIDEMARK_FERNET_SECRET_ID=key\n")
    answers(tmp_path, "echo first")
    return tmp_path


def answers(machine: Path, how: str) -> None:
    (machine / "bin" / "aws").write_text(f"#!/bin/sh\n{how}\n")
    for program in (machine / "bin").iterdir():
        program.chmod(0o755)


def fetch(machine: Path, *names: str) -> "subprocess.CompletedProcess[str]":
    command = ["/bin/sh", machine / "lib" / "fetch-secret", *names]
    path = {"PATH": f"{machine / 'bin'}:/usr/bin:/bin"}
    return subprocess.run(command, env=path, capture_output=True, text=True, check=False)


def test_a_service_that_starts_again_while_secrets_manager_fails_keeps_its_key(machine: Path) -> None:
    kept = machine / "run" / "opensea-api-key.env"
    assert fetch(machine, "--required", "opensea-api-key").returncode == 0
    answers(machine, "exit 254")
    done = fetch(machine, "--required", "opensea-api-key")
    assert (done.returncode, kept.read_text()) == (0, "OPENSEA_API_KEY=first\n")
    assert "could not be fetched; the value from before is used" in done.stderr
    answers(machine, "echo second")
    assert fetch(machine, "--required", "opensea-api-key").returncode == 0
    assert kept.read_text() == "OPENSEA_API_KEY=second\n"


def test_a_secret_that_never_had_a_value_is_asked_for_again(machine: Path) -> None:
    answers(machine, "exit 254")
    done = fetch(machine, "--required", "opensea-api-key")
    assert (done.returncode, "has no value" in done.stderr) == (1, True)
    assert not list((machine / "run").iterdir())


def test_what_an_administrator_keeps_here_comes_first(machine: Path) -> None:
    (machine / "etc" / "secrets").mkdir()
    (machine / "etc" / "secrets" / "opensea-api-key").write_text("kept\n")
    assert fetch(machine, "opensea-api-key").returncode == 0
    assert (machine / "run" / "opensea-api-key.env").read_text() == "OPENSEA_API_KEY=kept\n"


def test_the_key_of_what_airflow_encrypts_is_one_that_it_takes(machine: Path) -> None:
    from cryptography.fernet import Fernet

    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"  # as Secrets Manager makes one without punctuation
    answers(machine, f"echo {letters}")
    assert fetch(machine, "fernet-key").returncode == 0
    name, _, key = (machine / "run" / "fernet-key.env").read_text().strip().partition("=")
    assert (name, Fernet(key).decrypt(Fernet(key).encrypt(b"x"))) == ("AIRFLOW__CORE__FERNET_KEY", b"x")
    template = (LIB.parent / "aws" / "warehouse.yaml").read_text()
    assert f"{{PasswordLength: {len(letters)}, ExcludePunctuation: true}}" in template
