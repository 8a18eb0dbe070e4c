"""What S3's refusals mean for a person: one table from error to message and next step."""

from botocore import exceptions
from botocore.exceptions import ClientError

from tidemark.storage.object_store import ChecksumMismatchError, ObjectConflictError, StoreUnavailableError

_KEPT = "Nothing was lost: the files stay in the spool and the next run goes on with them"
_DENIED = (
    "Allow this role or key s3:PutObject, s3:GetObject and s3:AbortMultipartUpload on the bucket, and "
    "kms:GenerateDataKey and kms:Decrypt if it is encrypted with a KMS key"
)
_REGION = "Set AWS_DEFAULT_REGION to the bucket's own region"
_PACK_AGAIN = f"Run it again; it is packed anew. If this repeats, check the machine's disk and memory. {_KEPT}"
_LATER = f"Run it again later. {_KEPT}"

# By error code, or by status where an answer has no body.
_BY_CODE = {
    "NoSuchBucket": ("does not exist", "Create the bucket, or set TIDEMARK_BUCKET to the right one"),
    "AccessDenied": ("denies access", _DENIED),
    "403": ("denies access", _DENIED),
    "InvalidAccessKeyId": ("does not know this access key", "Check AWS_ACCESS_KEY_ID, or use the machine's IAM role"),
    "SignatureDoesNotMatch": ("rejects the signature", "Check AWS_SECRET_ACCESS_KEY"),
    "ExpiredToken": ("says that the credentials have expired", "Renew them, or use the machine's IAM role"),
    "RequestTimeTooSkewed": ("says that this machine's clock is wrong", "Set the clock; chrony keeps it right"),
    "PermanentRedirect": ("lies in another region", _REGION),
    "AuthorizationHeaderMalformed": ("lies in another region", _REGION),
    "NotImplemented": ("has no conditional writes", "Use an S3 endpoint that honours If-None-Match on writes"),
}
_GARBLED = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
_TROUBLE = {429, 500, 502, 503, 504}
_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
)


def code_of(error: ClientError) -> str:
    """Return S3's error code, such as `NoSuchBucket`; the status as text where the answer had no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def problem_of(error: Exception, bucket: str, key: str) -> ChecksumMismatchError | StoreUnavailableError:
    """Return what an error of boto3 means; `key` is empty where no object was involved."""
    where = f"bucket {bucket!r}"
    if isinstance(error, ClientError):
        return _refusal(error, where, key)
    if isinstance(error, _CREDENTIALS):
        return StoreUnavailableError(
            f"there are no complete credentials for {where}",
            "Give the machine an IAM role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    if isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError)):
        return StoreUnavailableError(
            f"{where} cannot be reached ({type(error).__name__})",
            f"Check the network and AWS_ENDPOINT_URL, then run it again. {_KEPT}",
        )
    if isinstance(error, KeyError):
        return StoreUnavailableError(f"{where} answered without {error} for {key}", _LATER)
    return StoreUnavailableError(
        f"{where} cannot be used: {error}", "Check the AWS_* variables and the AWS configuration files"
    )


def _refusal(error: ClientError, where: str, key: str) -> ChecksumMismatchError | StoreUnavailableError:
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _GARBLED:
        return ChecksumMismatchError(f"{where} received other bytes of {key} than were meant ({code})", _PACK_AGAIN)
    if code in _BY_CODE:
        what, hint = _BY_CODE[code]
        return StoreUnavailableError(f"{where} {what} ({error.operation_name}, {code})", hint)
    if status in _TROUBLE or "SlowDown" in code:
        return StoreUnavailableError(
            f"{where} is not well: it answered {status} {code} to {error.operation_name} {key}", _LATER
        )
    said = str(error.response.get("Error", {}).get("Message", ""))[:200]
    return StoreUnavailableError(f"{where} refused {error.operation_name} {key}: {status} {code} {said!r}", _LATER)


def differs(bucket: str, key: str, *, created: bool) -> ObjectConflictError:
    """Return the problem of an object whose content is not the file's."""
    if created:
        what, hint = "arrived damaged", "Delete that object and run this again; the file is still in the spool"
    else:
        what = "is there already with other content"
        hint = "Find out who wrote it: two collectors with one id? Nothing was overwritten; the file stays in the spool"
    return ObjectConflictError(f"s3://{bucket}/{key} {what}", hint)


def garbled(bucket: str, key: str) -> ChecksumMismatchError:
    """Return the problem of a file that is not what its digest says."""
    return ChecksumMismatchError(
        f"the packed file of {key} for bucket {bucket!r} has changed on this disk", _PACK_AGAIN
    )
