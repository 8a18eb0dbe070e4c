"""Where the client of S3 goes, with which key, and what it refuses before a library sees it."""

import pytest

from tidemark.storage.object_store import StoreUnavailableError
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
