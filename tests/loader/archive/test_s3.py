from typing import TYPE_CHECKING

import pytest

from tests.loader.recording import HOUR, Recording, sold
from tidemark.core.errors import Problem
from tidemark.loader.archive.s3 import S3Archive
from tidemark.storage.s3 import s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def archive(s3: "S3Client", bucket: str) -> S3Archive:
    return S3Archive(s3, bucket, "")


def test_an_hour_is_listed_fetched_and_streamed(s3: "S3Client", bucket: str, archive: S3Archive) -> None:
    manifest = Recording("b").receive(sold(1), 1).put(s3, bucket)
    Recording("a").put(s3, bucket)
    Recording("a", HOUR.next()).put(s3, bucket)
    s3.put_object(Bucket=bucket, Key="manifests/date=2026-11-22/hour=15/", Body=b"")  # as a console makes folders
    assert [one.key.collector for one in archive.listed(HOUR)] == ["a", "b"]
    assert [one.key.hour for one in archive.listed_on(HOUR.start.date())] == [HOUR, HOUR.next(), HOUR]
    assert archive.manifest(archive.listed(HOUR)[1]) == manifest
    assert b"".join(archive.chunks(manifest.segments[0])).count(b"\n") == 1


def test_another_prefix_is_another_archive(s3: "S3Client", bucket: str) -> None:
    Recording().put(s3, bucket)
    assert S3Archive(s3, bucket, "elsewhere/").listed(HOUR) == []


def test_a_missing_bucket_is_named(s3: "S3Client") -> None:
    with pytest.raises(
        Problem, match=r"'nowhere' at .*: it does not exist \(ListObjectsV2: 404 NoSuchBucket\)"
    ) as caught:
        S3Archive(s3, "nowhere", "").listed(HOUR)
    assert "TIDEMARK_BUCKET" in caught.value.hint


def test_a_missing_segment_is_named(s3: "S3Client", bucket: str, archive: S3Archive) -> None:
    manifest = Recording().receive(sold(1), 1).put(s3, bucket)
    s3.delete_object(Bucket=bucket, Key=manifest.segments[0].key)
    with pytest.raises(Problem, match=r"0001\.jsonl\.zst: the object is missing"):
        list(archive.chunks(manifest.segments[0]))


def test_a_silent_endpoint_is_a_problem(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Problem, match=r"at 127\.0\.0\.1:1, .*: the connection was refused"):
        S3Archive(s3_client(), bucket, "").listed(HOUR)
