"""A repair's objects are put once, with their checksum."""

from typing import TYPE_CHECKING

import pytest

from tidemark.core.errors import Problem
from tidemark.loader.repair.s3 import put_once

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "manifests/date=2026-11-22/hour=15/collector=events-api-1.json"


def test_an_object_is_put_with_its_checksum(s3: "S3Client", bucket: str) -> None:
    put_once(s3, bucket, KEY, b"{}")
    kept = s3.get_object(Bucket=bucket, Key=KEY, ChecksumMode="ENABLED")
    assert kept["Body"].read() == b"{}"
    assert kept["ChecksumSHA256"] == "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="


def test_what_is_there_is_never_overwritten(s3: "S3Client", bucket: str) -> None:
    put_once(s3, bucket, KEY, b"{}")
    with pytest.raises(Problem, match=KEY):
        put_once(s3, bucket, KEY, b"[]")
    assert s3.get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"{}"


def test_an_equal_object_whose_answer_was_lost_will_do(s3: "S3Client", bucket: str) -> None:
    put_once(s3, bucket, KEY, b"{}")
    put_once(s3, bucket, KEY, b"{}")


def test_a_bucket_that_is_not_there_is_named(s3: "S3Client") -> None:
    with pytest.raises(Problem, match="no-such-bucket"):
        put_once(s3, "no-such-bucket", KEY, b"{}")
