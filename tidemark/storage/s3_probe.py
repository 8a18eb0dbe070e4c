"""Whether an S3 endpoint puts once: found out with a few small objects, which are deleted again.

Of seven servers that speak S3's protocol four overwrite what is there, and answer 200.
"""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from tidemark.storage.s3_errors import CHECKSUM_CODES, code_of, status_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FIRST, _SECOND = b"tidemark: first\n", b"tidemark: second\n"
_TAKEN = {"PreconditionFailed", "412"}
_DELETED = {"NoSuchKey", "404"}
_NOT_KNOWN = (400, 501)


class Found(NamedTuple):
    """What an endpoint does; see `Proof`. `encryption` is that of an object for which `options` asked."""

    whole: bool
    parts: bool
    checksums: bool
    encryption: str | None


def probe(client: "S3Client", bucket: str, key: str, options: Mapping[str, Any]) -> Found:
    """Put two different objects under one key, whole and in parts, and return what the endpoint did with the second.

    What speaks against an endpoint is asked a second time: another probe may have deleted the first object meanwhile.
    An object that an earlier probe could not delete does no harm. Raises what boto3 raises.
    """
    try:
        found = _probe(client, bucket, key, options)
    except ClientError as error:
        if code_of(error) not in _DELETED:
            raise
    else:
        if found.whole and found.parts:
            return found
    return _probe(client, bucket, key, options)


def _probe(client: "S3Client", bucket: str, key: str, options: Mapping[str, Any]) -> Found:
    try:
        conditional, checksums = _headers_known(client, bucket, key, options)
        encryption = client.head_object(Bucket=bucket, Key=key).get("ServerSideEncryption")
        if not conditional:
            return Found(whole=False, parts=False, checksums=checksums, encryption=encryption)
        checksum = _checksum(_SECOND) if checksums else {}
        whole = not _put(client, bucket, key, _SECOND, {"IfNoneMatch": "*", **checksum, **options})
        parts = whole and not _put_in_parts(client, bucket, key, dict(options))
        return Found(whole, parts, checksums, encryption)
    finally:
        with suppress(BotoCoreError, ClientError):
            client.delete_object(Bucket=bucket, Key=key)


def _headers_known(client: "S3Client", bucket: str, key: str, options: Mapping[str, Any]) -> tuple[bool, bool]:
    """Put the first object; return whether the endpoint knows conditional writes, and checksums.

    One that refuses a header does not say which, so that the request is repeated without the one and the other.
    """
    condition, checksum = {"IfNoneMatch": "*"}, _checksum(_FIRST)
    try:
        _put(client, bucket, key, _FIRST, {**condition, **checksum, **options})
    except ClientError as error:
        if status_of(error) not in _NOT_KNOWN or code_of(error) in CHECKSUM_CODES:
            raise
        for conditional, checksums in ((True, False), (False, True), (False, False)):
            headers = {**(condition if conditional else {}), **(checksum if checksums else {})}
            if _takes(client, bucket, key, {**headers, **options}):
                return conditional, checksums
        raise
    return True, True


def _put(client: "S3Client", bucket: str, key: str, body: bytes, options: dict[str, Any]) -> bool:
    """Return whether an object was put; False where the key is taken."""
    try:
        client.put_object(Bucket=bucket, Key=key, Body=body, **options)
    except ClientError as error:
        if code_of(error) in _TAKEN:
            return False
        raise
    return True


def _takes(client: "S3Client", bucket: str, key: str, options: dict[str, Any]) -> bool:
    try:
        _put(client, bucket, key, _FIRST, options)
    except ClientError as error:
        if status_of(error) in _NOT_KNOWN:
            return False
        raise
    return True


def _put_in_parts(client: "S3Client", bucket: str, key: str, options: dict[str, Any]) -> bool:
    """Return whether an upload in parts replaces what is there, or is not possible under a condition."""
    upload = client.create_multipart_upload(Bucket=bucket, Key=key, **options)["UploadId"]
    replaced = False
    try:
        part = client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=_SECOND)
        parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
        client.complete_multipart_upload(
            Bucket=bucket,
            Key=key,
            UploadId=upload,
            IfNoneMatch="*",
            MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
        )
        replaced = True
    except ClientError as error:
        if code_of(error) not in _TAKEN and status_of(error) not in _NOT_KNOWN:
            raise
        return code_of(error) not in _TAKEN
    finally:
        if not replaced:
            with suppress(BotoCoreError, ClientError):
                client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
    return replaced


def _checksum(body: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": digest}
