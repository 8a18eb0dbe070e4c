"""How the archive is asked; what it promises stands in tests/contracts, and how it fails in test_s3_faults."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from collector.upload.archive import connect
from tests.collector.upload.spooled import Spooled
from tests.storage.faulty_s3 import Gate, gate_before
from tidemark.local.services.s3 import S3Server
from tidemark.storage.object_store import StoreUnavailableError
from tidemark.storage.s3 import S3Store

PART = 1 << 16


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content" * PART)
    return path


def put(store: S3Store, file: Path, key: str = "events/key") -> bool:
    return store.put(key, file, sha256=hashlib.sha256(file.read_bytes()).hexdigest(), media_type="application/zstd")


def test_connects_where_the_environment_says(tmp_path, file, s3_server: S3Server, bucket):
    store = connect(Spooled(tmp_path / "spool").settings(bucket=bucket))
    assert put(store, file) is True
    assert s3_server.client().head_object(Bucket=bucket, Key="events/key")["ContentLength"] == file.stat().st_size


def test_an_endpoint_that_is_no_address_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "not an address")
    with pytest.raises(StoreUnavailableError, match="Invalid endpoint"):
        connect(Spooled(tmp_path / "spool").settings())


@pytest.fixture
def gate(s3_endpoint: str, monkeypatch) -> Iterator[Gate]:
    with gate_before(s3_endpoint) as gate:
        monkeypatch.setenv("AWS_ENDPOINT_URL", gate.endpoint)
        yield gate


KMS = {"sse": "aws:kms", "sse_key_id": "key-1", "sse_bucket_key": True}
ENCRYPTION = "x-amz-server-side-encryption"


@pytest.mark.parametrize(("size_mib", "request_"), [(1, "put"), (6, "create")])
@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({}, (None, None, None)),
        ({"sse": "AES256"}, ("AES256", None, None)),
        (KMS, ("aws:kms", "key-1", "true")),
    ],
)
def test_asks_for_the_encryption_that_is_set(tmp_path, bucket, gate, settings, asked, size_mib, request_):
    file = tmp_path / "file"
    file.write_bytes(bytes(size_mib << 20))
    put(connect(Spooled(tmp_path / "spool").settings(bucket=bucket, multipart_threshold_mib=5, **settings)), file)
    names = (ENCRYPTION, f"{ENCRYPTION}-aws-kms-key-id", f"{ENCRYPTION}-bucket-key-enabled")
    assert tuple(gate.headers[request_].get(name) for name in names) == asked


def test_every_body_travels_with_its_checksum_and_every_name_is_taken_once(tmp_path, file, bucket, gate):
    for whole, body, last in ((PART << 10, "put", "put"), (PART, "part", "complete")):
        put(S3Store(boto3.client("s3"), bucket, whole=whole, part=PART), file, key=f"events/{body}")
        assert gate.headers[body]["x-amz-sdk-checksum-algorithm"] == "SHA256"
        assert len(gate.headers[body]["x-amz-checksum-sha256"]) == 44
        assert gate.headers[last]["if-none-match"] == "*"
        assert gate.headers["head"]["x-amz-checksum-mode"] == "ENABLED"


@pytest.mark.parametrize("whole", [PART, PART << 10], ids=["in parts", "whole"])
def test_an_object_that_was_put_in_other_parts_is_recognised_by_its_content(file, bucket, gate, whole):
    put(S3Store(boto3.client("s3"), bucket, whole=PART, part=2 * PART), file)
    assert put(S3Store(boto3.client("s3"), bucket, whole=whole, part=PART), file) is False
    assert gate.requests[-1] == "get"


def test_a_fitting_checksum_is_enough_and_the_object_is_not_read(file, bucket, gate):
    store = S3Store(boto3.client("s3"), bucket, whole=PART, part=PART)
    assert put(store, file) is True
    assert put(store, file) is False
    sent = ["create", *["part"] * 7, "complete", "head"]
    assert gate.requests == [*sent, *sent[:-1], "delete", "head"], "a second upload gives its parts back"
