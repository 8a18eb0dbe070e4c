"""How S3 is asked; tests/contracts has what a store promises, tests/collector/upload/test_faults.py how it fails."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from collector.upload.steps import connect
from tests.collector.upload.spooled import Spooled
from tests.storage.faulty_s3 import FaultyS3, faulty_s3
from tidemark.local.services.s3 import S3Server
from tidemark.storage.s3 import S3Store
from tidemark.storage.s3_client import s3_client

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


@pytest.fixture
def faulty(s3_endpoint: str, monkeypatch) -> Iterator[FaultyS3]:
    with faulty_s3(s3_endpoint) as faulty:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.endpoint)
        yield faulty


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
def test_asks_for_the_encryption_that_is_set(tmp_path, bucket, faulty, settings, asked, size_mib, request_):
    file = tmp_path / "file"
    file.write_bytes(bytes(size_mib << 20))
    put(connect(Spooled(tmp_path / "spool").settings(bucket=bucket, multipart_threshold_mib=5, **settings)), file)
    names = (ENCRYPTION, f"{ENCRYPTION}-aws-kms-key-id", f"{ENCRYPTION}-bucket-key-enabled")
    assert tuple(faulty.headers[request_].get(name) for name in names) == asked


def test_every_body_travels_with_its_checksum_and_every_name_is_taken_once(tmp_path, file, bucket, faulty):
    for whole, body, last in ((PART << 10, "put", "put"), (PART, "part", "complete")):
        put(S3Store(boto3.client("s3"), bucket, whole=whole, part=PART), file, key=f"events/{body}")
        assert faulty.headers[body]["x-amz-sdk-checksum-algorithm"] == "SHA256"
        assert len(faulty.headers[body]["x-amz-checksum-sha256"]) == 44
        assert faulty.headers[last]["if-none-match"] == "*"
        assert faulty.headers["head"]["x-amz-checksum-mode"] == "ENABLED"


@pytest.mark.parametrize("whole", [PART, PART << 10], ids=["in parts", "whole"])
def test_an_object_that_was_put_in_other_parts_is_recognised_by_its_content(file, bucket, faulty, whole):
    put(S3Store(boto3.client("s3"), bucket, whole=PART, part=2 * PART), file)
    assert put(S3Store(boto3.client("s3"), bucket, whole=whole, part=PART), file) is False
    assert faulty.requests[-1] == "get"


def test_a_fitting_checksum_is_enough_and_the_object_is_not_read(file, bucket, faulty):
    store = S3Store(boto3.client("s3"), bucket, whole=PART, part=PART)
    assert put(store, file) is True
    assert put(store, file) is False
    sent = ["create", *["part"] * 7, "complete", "head"]
    assert faulty.requests == [*sent, *sent[:-1], "delete", "head"], "a second upload gives its parts back"


def test_bytes_are_put_like_a_file(bucket, s3_endpoint):
    store = S3Store(s3_client(), bucket, whole=PART, part=PART)
    for content in (b"small", b"large" * PART):
        digest = hashlib.sha256(content).hexdigest()
        assert store.put(digest, content, sha256=digest, media_type="text/plain") is True


def test_a_file_that_the_disk_does_not_give_is_an_error_of_the_disk(bucket, s3_endpoint):
    with pytest.raises(OSError, match="Input/output error"):
        S3Store(s3_client(), bucket, whole=-1).put(
            "key", Path("/proc/self/mem"), sha256="00" * 32, media_type="text/plain"
        )
