"""What S3's refusals mean."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tidemark.storage.s3_errors import code_of, s3_failure, status_of


def refused(code: str, status: int, operation: str = "PutObject") -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "<secret>"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


@pytest.mark.parametrize(
    ("code", "status", "what", "hint", "transient"),
    [
        ("NoSuchBucket", 404, "it does not exist (PutObject: 404 NoSuchBucket)", "TIDEMARK_BUCKET", False),
        ("AccessDenied", 403, "access is denied", "s3:PutObject", False),
        ("InvalidAccessKeyId", 403, "does not know this access key", "AWS_ACCESS_KEY_ID", False),
        ("SignatureDoesNotMatch", 403, "rejects the signature", "AWS_SECRET_ACCESS_KEY", False),
        ("ExpiredToken", 400, "expired", "Renew", True),
        ("RequestTimeTooSkewed", 403, "clock is wrong", "chrony", True),
        ("RequestTimeout", 400, "did not arrive in time", "later", True),
        ("PermanentRedirect", 301, "another region", "AWS_DEFAULT_REGION", False),
        ("InvalidObjectState", 403, "in Glacier", "restore-object", False),
        ("KMS.DisabledException", 400, "KMS key is disabled", "Enable the KMS key", False),
        ("NotImplemented", 501, "does not know what was asked for", "TIDEMARK_PUT_ONCE", False),
        ("SlowDown", 503, "overloaded or not well (PutObject: 503 SlowDown)", "later", True),
        ("InternalError", 500, "overloaded or not well", "later", True),
        ("Odd", 418, "refused the request (PutObject: 418 Odd)", "Look the code up", False),
    ],
)
def test_a_code_becomes_what_happened_and_what_to_do_next(code, status, what, hint, transient):
    said, next_step, passes = s3_failure(refused(code, status))
    assert what in said
    assert "<secret>" not in said
    assert hint in next_step
    assert passes is transient


def test_the_rights_that_are_missing_are_those_of_the_request():
    assert "s3:GetObject on the bucket" in s3_failure(refused("AccessDenied", 403, "ListObjectsV2"))[1]
    assert "s3:PutObject" in s3_failure(refused("403", 403, "CreateMultipartUpload"))[1]


@pytest.mark.parametrize("code", ["\x1b[2J", "x" * 5000, "<Code>", "a b", "ü"])
def test_only_what_looks_like_a_code_is_repeated(code):
    assert code_of(refused(code, 418)) == ""
    assert s3_failure(refused(code, 418))[0] == "it refused the request (PutObject: 418)"


def test_an_answer_without_a_code_or_a_status_has_none():
    assert code_of(ClientError({}, "HeadObject")) == ""
    assert status_of(ClientError({}, "HeadObject")) == 0
