import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from tidemark.storage.object_store import ChecksumMismatchError, StoreUnavailableError
from tidemark.storage.s3_errors import code_of, differs, garbled, problem_of


def refused(code: str, status: int, message: str = "said") -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutObject")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "what", "hint"),
    [
        (refused("NoSuchBucket", 404), "bucket 'tide' does not exist", "TIDEMARK_BUCKET"),
        (refused("AccessDenied", 403), "denies access", "s3:GetObject"),
        (refused("403", 403), "denies access", "kms:Decrypt"),
        (refused("InvalidAccessKeyId", 403), "does not know this access key", "AWS_ACCESS_KEY_ID"),
        (refused("SignatureDoesNotMatch", 403), "rejects the signature", "AWS_SECRET_ACCESS_KEY"),
        (refused("ExpiredToken", 400), "expired", "Renew"),
        (refused("RequestTimeTooSkewed", 403), "clock is wrong", "chrony"),
        (refused("PermanentRedirect", 301), "another region", "AWS_DEFAULT_REGION"),
        (refused("NotImplemented", 501), "no conditional writes", "If-None-Match"),
        (refused("SlowDown", 503), "not well: it answered 503 SlowDown", "Nothing was lost"),
        (refused("SlowDown", 429), "not well: it answered 429 SlowDown", "later"),
        (refused("InternalError", 500), "not well: it answered 500", "later"),
        (refused("KMS.DisabledException", 400, "key is off"), "'key is off'", "later"),
        (exceptions.NoCredentialsError(), "no complete credentials", "IAM role"),
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), "cannot be reached", "AWS_ENDPOINT_URL"),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), "cannot be reached", "network"),
        (exceptions.ConnectionClosedError(endpoint_url="http://x"), "cannot be reached", "network"),
        (exceptions.ProfileNotFound(profile="x"), "cannot be used", "AWS_"),
        (ValueError("Invalid endpoint: x"), "Invalid endpoint: x", "AWS_"),
        (KeyError("ETag"), "answered without 'ETag'", "later"),
    ],
)
def test_an_error_becomes_what_happened_and_what_to_do_next(error, what, hint):
    problem = problem_of(error, "tide", "key")
    assert isinstance(problem, StoreUnavailableError)
    assert what in problem.what
    assert hint in problem.hint


@pytest.mark.parametrize("code", ["BadDigest", "XAmzContentChecksumMismatch"])
def test_other_bytes_than_were_meant_concern_the_file_alone(code):
    assert isinstance(problem_of(refused(code, 400), "tide", "key"), ChecksumMismatchError)
    assert "has changed on this disk" in garbled("tide", "key").what


def test_what_a_server_says_is_cut_and_cannot_move_the_cursor():
    problem = problem_of(refused("Odd", 418, "\x1b[2J" + "x" * 5000), "tide", "key")
    assert "\x1b" not in problem.what
    assert len(problem.what) < 400


def test_an_answer_without_a_code_has_none():
    assert code_of(ClientError({}, "HeadObject")) == ""


def test_a_different_object_says_whether_this_run_put_it():
    assert "arrived damaged" in differs("tide", "key", created=True).what
    assert "s3://tide/key is there already with other content" in differs("tide", "key", created=False).what
