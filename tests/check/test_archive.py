import time

import pytest

from tidemark.check.archive import check_put_once, check_reading
from tidemark.core.errors import Problem
from tidemark.local.services.s3 import S3Server
from tidemark.storage.s3 import S3Store


def test_put_once_is_proven_and_nothing_is_left(s3_server: S3Server, bucket: str) -> None:
    client = s3_server.client()
    assert "a taken key is refused (whole and in parts)" in str(
        check_put_once(S3Store(client, bucket), "a/", "x", "conditional")
    )
    assert "Contents" not in client.list_objects_v2(Bucket=bucket)


def test_a_manifest_is_listed_and_read(s3_server: S3Server, bucket: str) -> None:
    client = s3_server.client()
    assert str(check_reading(client, bucket, "a/", time.time)).startswith("listed; it has no manifest yet")
    client.put_object(Bucket=bucket, Key="a/manifests/x.json", Body=b"{}")
    assert check_reading(client, bucket, "a/", time.time) == "listed and read; the clocks agree"


def test_a_bucket_that_is_missing_and_a_clock_that_is_wrong_are_problems(s3_server: S3Server, bucket: str) -> None:
    client = s3_server.client()
    with pytest.raises(Problem, match="no-such-bucket"):
        check_reading(client, "no-such-bucket", "", time.time)
    with pytest.raises(Problem, match="no-such-bucket"):
        check_put_once(S3Store(client, "no-such-bucket"), "", "x", "conditional")
    with pytest.raises(Problem, match="behind the server's"):
        check_reading(client, bucket, "", lambda: time.time() - 3600)
