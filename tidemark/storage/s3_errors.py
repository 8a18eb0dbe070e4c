"""What S3's refusals mean: one table from its error codes."""

import re
from typing import TYPE_CHECKING

from tidemark.storage.network import Cause

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_AGAIN = "Run it again later"
_READ = "s3:ListBucket and s3:GetObject on the bucket, and kms:Decrypt if it is encrypted with a KMS key"
_WRITE = (
    "s3:PutObject, s3:GetObject and s3:AbortMultipartUpload on the bucket, and kms:GenerateDataKey and kms:Decrypt if "
    "it is encrypted with a KMS key"
)
_READING = ("ListObjectsV2", "GetObject", "HeadObject")
_REGION = "Set AWS_DEFAULT_REGION to the bucket's own region"
_KMS = "Enable the KMS key that the bucket or TIDEMARK_SSE_KEY_ID names, or name another"
_BUCKET = ("it does not exist", "Create the bucket, or set TIDEMARK_BUCKET to the right one", False)
_MISSING = ("the object is missing", "Restore it from the bucket's versions or from the collector's spool", False)
_DENIED = ("access is denied", "", False)
_ELSEWHERE = ("it lies in another region", _REGION, False)
_DISABLED = ("its KMS key is disabled, missing or in the wrong state", _KMS, False)
_ENCRYPTION = "Check TIDEMARK_SSE, TIDEMARK_SSE_KEY_ID and TIDEMARK_SSE_BUCKET_KEY"

# By error code, or by status where an answer has no body: what, next step, and whether it may pass by itself.
_BY_CODE: dict[str, tuple[str, str, bool]] = {
    "NoSuchBucket": _BUCKET,
    "NoSuchKey": _MISSING,
    "404": _MISSING,
    "AccessDenied": _DENIED,
    "403": _DENIED,
    "407": (Cause.PROXY_LOGIN.sentence, Cause.PROXY_LOGIN.hint, Cause.PROXY_LOGIN.transient),
    "AllAccessDisabled": ("all access to it is disabled", "Ask AWS Support why", False),
    "InvalidAccessKeyId": ("it does not know this access key",
                           "Check AWS_ACCESS_KEY_ID, or use the machine's IAM role", False),
    "SignatureDoesNotMatch": ("it rejects the signature", "Check AWS_SECRET_ACCESS_KEY", False),
    "InvalidToken": ("it rejects the session token", "Check AWS_SESSION_TOKEN, or use the machine's IAM role", False),
    "ExpiredToken": ("the credentials have expired", "Renew them, or use the machine's IAM role", True),
    "TokenRefreshRequired": ("the credentials have expired", "Renew them, or use the machine's IAM role", True),
    "RequestTimeTooSkewed": ("this machine's clock is wrong", "Set the clock; chrony keeps it right", True),
    "RequestExpired": ("this machine's clock is wrong", "Set the clock; chrony keeps it right", True),
    "RequestTimeout": ("the request did not arrive in time", _AGAIN, True),
    "PermanentRedirect": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "IllegalLocationConstraintException": _ELSEWHERE,
    "301": _ELSEWHERE,
    "InvalidBucketName": ("its name is not one that S3 takes", "Check TIDEMARK_BUCKET", False),
    "InvalidObjectState": ("the object is in Glacier", ("Restore the object (`aws s3api restore-object`), and keep the "
                           "archive out of Glacier while hours of it are still loaded"), False),
    "KMS.DisabledException": _DISABLED,
    "KMS.NotFoundException": _DISABLED,
    "KMS.KMSInvalidStateException": _DISABLED,
    "KMS.InvalidStateException": _DISABLED,
    "KMS.UnrecognizedClientException": _DISABLED,
    "InvalidEncryptionAlgorithmError": ("it refuses the server-side encryption that is asked for", _ENCRYPTION, False),
    "ServerSideEncryptionConfigurationNotFoundError":
        ("it refuses the server-side encryption that is asked for", _ENCRYPTION, False),
    "OperationAborted": ("another writer was at the same object", _AGAIN, True),
    "ConditionalRequestConflict": ("another writer was at the same object", _AGAIN, True),
    "NoSuchUpload": ("the upload in parts was ended by another", _AGAIN, True),
    "MethodNotAllowed": ("the object was deleted, or the request is not allowed", "Check the bucket's policy", False),
    "QuotaExceeded": ("its quota is used up", "Raise the quota, or delete what is not needed", True),
    "XMinioStorageFull": ("its disk is full", "Give the server more disk", True),
    "EntityTooLarge": ("it takes no object of this size", "Set TIDEMARK_SEGMENT_MIB to less", False),
    "NotImplemented": ("it does not know what was asked for", ("Use an S3 endpoint with conditional writes "
                       "(docs/s3.md lists them), or set TIDEMARK_PUT_ONCE=head"), False),
    "InvalidRequest": ("it refuses the form of the request", "Use an S3 endpoint that docs/s3.md lists", False),
}  # fmt: skip
ONE_OBJECT_CODES = {"InvalidObjectState", "EntityTooLarge", "MethodNotAllowed"}
CHECKSUM_CODES = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
_CODE = re.compile(r"[A-Za-z0-9._]{1,80}", re.ASCII)
_TROUBLE = {408, 409, 425, 429, 500, 502, 503, 504, 507, 509}


CODES = tuple(_BY_CODE)


def code_of(error: "ClientError") -> str:
    """Return S3's error code, such as `NoSuchBucket`; the status as text where the answer had no body.

    A code is the server's own text, so that only what looks like one is believed.
    """
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code if _CODE.fullmatch(code) else ""


def status_of(error: "ClientError") -> int:
    """Return the HTTP status of an answer, 0 where it had none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def s3_failure(error: "ClientError") -> tuple[str, str, bool]:
    """Return what a refusal means, the next step, and whether it may pass by itself."""
    code, status = code_of(error), status_of(error)
    answer = f"({error.operation_name}: {' '.join(filter(None, (str(status or ''), code)))})"
    if code in _BY_CODE:
        what, hint, transient = _BY_CODE[code]
        rights = _READ if error.operation_name in _READING else _WRITE
        return f"{what} {answer}", hint or f"Allow this role or key {rights}", transient
    if status in _TROUBLE or "SlowDown" in code or code.startswith("Throttl"):
        return f"it is overloaded or not well {answer}", _AGAIN, True
    return f"it refused the request {answer}", "Look the code up in the documentation of this S3 server", False
