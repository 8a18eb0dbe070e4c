"""The warehouse's address made from its secret: any password survives, and none is shown."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "lib" / "warehouse-url"
PASSWORDS = ["plain", "p@ss:w/rd?#%", 'quo"te\\back', "späß 日本", "$HOME `id` 'x'", " "]


def address(secret: str, *user: str) -> "subprocess.CompletedProcess[str]":
    """Run the script with the secret on standard input."""
    environment = {"TIDEMARK_WAREHOUSE_ADDRESS": "db.example", "PYTHONUTF8": "1"}
    command = [sys.executable, str(SCRIPT), "tidemark", *user]
    return subprocess.run(command, input=secret, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("spacing", [None, 2])
def test_any_password_comes_back_from_the_address(password: str, spacing: int | None) -> None:
    done = address(
        json.dumps({"engine": "postgres", "password": password, "username": "tidemark_owner"}, indent=spacing)
    )
    url = urlsplit(done.stdout.strip())
    assert (unquote(url.password or ""), url.username, url.hostname) == (password, "tidemark_owner", "db.example")
    assert url.path == "/tidemark"
    assert "sslmode=verify-full" in url.query


@pytest.mark.parametrize(
    "secret", ["", "none yet", "[]", '{"password": "hidden"}', '{"username": 1, "password": "hidden"}']
)
def test_a_secret_of_another_shape_is_reported_without_its_text(secret: str) -> None:
    done = address(secret)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no JSON object with username and password" in done.stderr
    assert "hidden" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_user_of_iam_needs_no_secret() -> None:
    url = urlsplit(address("", "tidemark_loader").stdout.strip())
    assert (url.scheme, url.username, url.password) == ("postgresql+iam", "tidemark_loader", None)
    assert "sslmode=verify-full" in url.query
