"""The archive in S3, or in anything that speaks its protocol.

Conditional writes (`If-None-Match: *`) keep what is there; SHA-256 checksums travel with every body, and what the
archive holds is read back before anything is called done.
"""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from collector.upload.s3_problem import code_of, differs, garbled, problem_of
from collector.upload.settings import UploadSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

CONNECT_TIMEOUT = 10.0
PART = 16 << 20
_CHUNK = 1 << 20
# The name is taken; or an earlier try of this very request completed the upload, and only its answer was lost.
_TAKEN = {"PreconditionFailed", "412", "NoSuchUpload"}


class S3Store:
    """The objects of one bucket; safe to use from several threads.

    Files of more than `whole` bytes are put in parts of `part` bytes, which are read into memory; `options` are added
    to what creates an object.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        *,
        whole: int,
        part: int = PART,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._whole = whole
        self._part = part
        self._options = options

    def put(self, key: str, file: Path, *, sha256: str, media_type: str) -> bool:
        """Put a file once and read its checksum back; see `ObjectStore.put`."""
        size = file.stat().st_size
        put = self._put_whole if size <= self._whole else self._put_parts
        try:
            created, checksum = put(key, file, sha256, {"ContentType": media_type, **self._options})
            equal = self._holds(key, size, checksum, sha256)
        except (BotoCoreError, ClientError, KeyError) as error:  # KeyError: boto3 takes an answer that was cut short
            raise problem_of(error, self._bucket, key) from error
        if not equal:
            raise differs(self._bucket, key, created=created)
        return created

    def _put_whole(self, key: str, file: Path, sha256: str, options: dict[str, Any]) -> tuple[bool, str]:
        """Put a file in one request; return whether it was created, and the checksum under which S3 keeps it."""
        checksum = _base64(bytes.fromhex(sha256))
        with file.open("rb") as body:
            created = self._unless_taken(
                self._client.put_object,
                Bucket=self._bucket,
                Key=key,
                Body=body,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
                **options,
            )
        return created, checksum

    def _put_parts(self, key: str, file: Path, sha256: str, options: dict[str, Any]) -> tuple[bool, str]:
        """Put a file part by part; S3 keeps it under the checksum of its parts' checksums."""
        upload = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=key, ChecksumAlgorithm="SHA256", **options
        )["UploadId"]
        created = False
        try:
            parts, checksum = self._send_parts(key, upload, file, sha256)
            created = self._unless_taken(
                self._client.complete_multipart_upload,
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                IfNoneMatch="*",
                MultipartUpload={"Parts": parts},
            )
        finally:
            if not created:
                self._abort(key, upload)
        return created, checksum

    def _send_parts(self, key: str, upload: str, file: Path, sha256: str) -> tuple[list["CompletedPartTypeDef"], str]:
        whole = hashlib.sha256()
        digests: list[bytes] = []
        parts: list[CompletedPartTypeDef] = []
        with file.open("rb") as source:
            while part := source.read(self._part):
                whole.update(part)
                digests.append(hashlib.sha256(part).digest())
                parts.append(self._send_part(key, upload, len(digests), part, _base64(digests[-1])))
        if whole.hexdigest() != sha256:  # no single part's checksum could tell
            raise garbled(self._bucket, key)
        return parts, _base64(hashlib.sha256(b"".join(digests)).digest())

    def _send_part(self, key: str, upload: str, number: int, part: bytes, checksum: str) -> "CompletedPartTypeDef":
        answer = self._client.upload_part(
            Bucket=self._bucket,
            Key=key,
            UploadId=upload,
            PartNumber=number,
            Body=part,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=checksum,
        )
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def _abort(self, key: str, upload: str) -> None:
        """Give back the parts; where that fails too, the bucket's lifecycle rule ends the upload."""
        with suppress(BotoCoreError, ClientError):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)

    def _unless_taken(self, request: Any, **arguments: Any) -> bool:
        try:
            request(**arguments)
        except ClientError as error:
            if code_of(error) in _TAKEN:
                return False
            raise
        return True

    def _holds(self, key: str, size: int, checksum: str, sha256: str) -> bool:
        """Return whether the archive holds this content, by its checksum or else by reading the object."""
        head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        if head.get("ContentLength", size) != size:
            return False
        kept = head.get("ChecksumSHA256", "").partition("-")[0]  # S3 adds the number of parts
        return kept == checksum or self._sha256(key) == sha256

    def _sha256(self, key: str) -> str:
        """Read an object whose stored checksum is absent, or was made of other parts, and return its digest."""
        digest = hashlib.sha256()
        with closing(self._client.get_object(Bucket=self._bucket, Key=key)["Body"]) as body:
            for chunk in body.iter_chunks(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


def connect(settings: UploadSettings) -> S3Store:
    """Return the archive that the settings and the AWS_* variables name; nothing is sent yet.

    Raises Unusable where boto3 cannot make sense of them.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": settings.upload_attempts},
        connect_timeout=min(CONNECT_TIMEOUT, settings.upload_timeout),
        read_timeout=settings.upload_timeout,
        max_pool_connections=settings.upload_workers + 1,
    )
    try:
        client = boto3.client("s3", config=config)
    except (BotoCoreError, ValueError) as error:
        raise problem_of(error, settings.bucket, "") from error
    return S3Store(client, settings.bucket, whole=settings.multipart_threshold_mib << 20, options=_encryption(settings))


def _encryption(settings: UploadSettings) -> dict[str, Any]:
    wanted = {
        "ServerSideEncryption": settings.sse,
        "SSEKMSKeyId": settings.sse_key_id,
        "BucketKeyEnabled": settings.sse_bucket_key,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
