"""Where the client of S3 goes, with which key, and what it refuses before a library sees it."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tidemark.check.archive import check_reading
from tidemark.core.errors import Problem
from tidemark.storage.object_store import StoreUnavailableError
from tidemark.storage.s3 import S3Store
from tidemark.storage.s3_client import s3_client


def test_an_endpoint_that_is_no_address_is_a_problem(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "not an address")
    with pytest.raises(StoreUnavailableError, match="AWS_ENDPOINT_URL is not an address"):
        s3_client()


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_a_key_that_would_break_a_header_is_refused_and_not_shown(monkeypatch, name):
    monkeypatch.setenv(name, "not-to-be\r\nshown")
    with pytest.raises(StoreUnavailableError, match=f"{name} holds a space") as refused:
        s3_client()
    assert "shown" not in str(refused.value)


def test_a_copied_key_may_end_with_a_line_break(monkeypatch, bucket, s3_endpoint):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local\n")
    assert s3_client().head_bucket(Bucket=bucket)


def test_half_a_key_pair_is_named(monkeypatch, s3_endpoint):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreUnavailableError, match="one half of the key pair is missing"):
        s3_client()


def test_a_profile_that_does_not_exist_is_named(monkeypatch, s3_endpoint):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StoreUnavailableError, match="the profile in AWS_PROFILE does not exist"):
        s3_client()


@pytest.fixture
def configured(monkeypatch, s3_endpoint, tmp_path):
    """Let boto3 find its credentials by a file of its configuration, which has this text, and by these variables."""

    def configure(text: str, **variables: str) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        (tmp_path / "config").write_text(f"[default]\n{text}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return configure


UNUSABLE = "S3: the AWS configuration cannot be used"


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("", {"AWS_METADATA_SERVICE_NUM_ATTEMPTS": "x"}),
        ("", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example/x"}),
        ("credential_process = /bin/echo hello", {}),
        ("credential_process = /bin/echo 'hello", {}),
        ("s3 = true", {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}),
    ],
)
def test_a_configuration_that_boto3_trips_over_is_a_problem(configured, text, variables):
    configured(text, **variables)
    with pytest.raises(StoreUnavailableError, match=UNUSABLE) as refused:
        s3_client()
    assert "files in ~/.aws" in refused.value.hint
    assert "hello" not in str(refused.value)


PROCESS = """#!/bin/sh
if [ -e "$0.asked" ]; then echo {then}; exit; fi
touch "$0.asked"
echo '{{"Version": 1, "AccessKeyId": "x", "SecretAccessKey": "x", "Expiration": "{soon}"}}'
"""


@pytest.mark.parametrize("way", ["a process", "a token"])
def test_credentials_that_fail_at_a_request_are_no_fault_of_the_file(configured, bucket, tmp_path, way):
    if way == "a process":
        process = tmp_path / "process"
        soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
        process.write_text(PROCESS.format(then="no JSON", soon=soon))
        process.chmod(0o755)
        configured(f"credential_process = {process}")
    else:
        configured("", AWS_WEB_IDENTITY_TOKEN_FILE="/nowhere", AWS_ROLE_ARN="arn:aws:iam::123456789012:role/x")
    store = S3Store(s3_client(), bucket)
    digest = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(StoreUnavailableError, match="the AWS configuration cannot be used"):
        store.put("key", b"x", sha256=digest, media_type="text/plain")
    with pytest.raises(StoreUnavailableError, match="the AWS configuration cannot be used"):
        store.prove("", "collector=a", None)
    with pytest.raises(Problem, match="the AWS configuration cannot be used"):
        check_reading(s3_client(), bucket, "", lambda: 0.0)


@pytest.mark.parametrize("way", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "a file", "an argument"])
@pytest.mark.parametrize("address", ["http://a.example", "HTTP://A.EXAMPLE:80", "http://a.example."])
def test_an_endpoint_elsewhere_is_reached_encrypted_or_by_name(monkeypatch, s3_endpoint, tmp_path, way, address):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    access = {"endpoint_url": address} if way == "an argument" else {}
    if way == "a file":
        (tmp_path / "config").write_text(f"[default]\nendpoint_url = {address}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    elif not access:
        monkeypatch.setenv(way, address)
    with pytest.raises(StoreUnavailableError, match=r"the endpoint of S3 reaches a\.example without encryption"):
        s3_client(access, plaintext_hosts=["s3"])
    s3_client(access, plaintext_hosts=["s3", "a.example"])


@pytest.mark.parametrize("address", ["https://a.example", "http://127.0.0.2:1", "http://localhost:8", "http://[::1]:1"])
def test_an_encrypted_endpoint_or_one_here_needs_no_leave(monkeypatch, s3_endpoint, address):
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    s3_client()


@contextmanager
def instance_metadata(failing: int) -> Iterator[tuple[str, list[str]]]:
    """What an EC2 machine asks for its role's credentials; the first `failing` requests are answered with 503."""
    asked: list[str] = []
    found = {"Code": "Success", "AccessKeyId": "role", "SecretAccessKey": "of-the-role", "Token": "token",
             "Expiration": "2999-01-01T00:00:00Z"}  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            role = self.path.endswith("security-credentials/")
            body = b"a-token" if self.command == "PUT" else b"the-role" if role else json.dumps(found).encode()
            self.send_response(503 if len(asked) <= failing else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET  # noqa: N815 - of the library

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_credentials_of_the_machine_that_are_missing_for_a_moment_are_asked_for_again(
    monkeypatch, s3_endpoint, bucket, tmp_path, failing
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with instance_metadata(failing) as (address, asked):
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        assert s3_client().head_bucket(Bucket=bucket)
    assert len(asked) == failing + 3
