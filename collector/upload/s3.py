"""The archive in S3, or in anything that speaks its protocol.

Conditional writes (`If-None-Match: *`) keep what is there; SHA-256 checksums travel with every body, and what the
archive holds is read back before anything is called done.
"""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from collector.upload.s3_problem import code_of, differs, problem_of
from collector.upload.settings import UploadSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

CONNECT_TIMEOUT = 10.0
_CHUNK = 1 << 20
# The name is taken; or an earlier try of this very request completed the upload, and only its answer was lost.
_TAKEN = {"PreconditionFailed", "412", "NoSuchUpload"}


class S3Store:
    """The objects of one bucket; safe to use from several threads."""

    def __init__(self, client: "S3Client", settings: UploadSettings) -> None:
        self._client = client
        self._bucket = settings.bucket
        self._part_size = settings.part_mib << 20
        self._encryption = _encryption(settings)

    def put(self, key: str, file: Path, *, sha256: str, media_type: str) -> bool:
        """Put a file once and read its checksum back; see `ObjectStore.put`."""
        size = file.stat().st_size
        put = self._put_whole if size <= self._part_size else self._put_parts
        options = {"ContentType": media_type, "Metadata": {"sha256": sha256}, **self._encryption}
        try:
            created = put(key, file, sha256, options)
            equal = self._holds(key, file, size, sha256)
        except (BotoCoreError, ClientError) as error:
            raise problem_of(error, self._bucket, key) from error
        if not equal:
            raise differs(self._bucket, key, created=created)
        return created

    def _put_whole(self, key: str, file: Path, sha256: str, options: dict[str, Any]) -> bool:
        with file.open("rb") as body:
            return self._unless_taken(
                self._client.put_object,
                Bucket=self._bucket,
                Key=key,
                Body=body,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=_base64(bytes.fromhex(sha256)),
                **options,
            )

    def _put_parts(self, key: str, file: Path, _sha256: str, options: dict[str, Any]) -> bool:
        upload = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=key, ChecksumAlgorithm="SHA256", **options
        )["UploadId"]
        try:
            parts = [self._put_part(key, upload, number, part) for number, part in self._parts(file)]
            created = self._unless_taken(
                self._client.complete_multipart_upload,
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                IfNoneMatch="*",
                MultipartUpload={"Parts": parts},
            )
        except (BotoCoreError, ClientError):
            self._abort(key, upload)
            raise
        if not created:
            self._abort(key, upload)
        return created

    def _put_part(self, key: str, upload: str, number: int, part: bytes) -> "CompletedPartTypeDef":
        checksum = _base64(hashlib.sha256(part).digest())
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

    def _holds(self, key: str, file: Path, size: int, sha256: str) -> bool:
        """Return whether the archive holds this content, by its checksum or else by reading the object."""
        head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        if head["ContentLength"] != size:
            return False
        checksum = head.get("ChecksumSHA256", "").partition("-")[0]
        return checksum == self._checksum(file, size, sha256) or self._sha256(key) == sha256

    def _checksum(self, file: Path, size: int, sha256: str) -> str:
        """Return the checksum under which S3 keeps this file: of the file, or of the digests of its parts."""
        if size <= self._part_size:
            return _base64(bytes.fromhex(sha256))
        digests = (hashlib.sha256(part).digest() for _, part in self._parts(file))
        return _base64(hashlib.sha256(b"".join(digests)).digest())

    def _sha256(self, key: str) -> str:
        """Read an object whose stored checksum is absent, or was made of other parts, and return its digest."""
        digest = hashlib.sha256()
        with self._client.get_object(Bucket=self._bucket, Key=key)["Body"] as body:
            for chunk in body.iter_chunks(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def _parts(self, file: Path) -> Iterator[tuple[int, bytes]]:
        with file.open("rb") as source:
            for number in range(1, -(-file.stat().st_size // self._part_size) + 1):
                yield number, source.read(self._part_size)


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
        return S3Store(boto3.client("s3", config=config), settings)
    except (BotoCoreError, ValueError) as error:
        raise problem_of(error, settings.bucket, "") from error


def _encryption(settings: UploadSettings) -> dict[str, Any]:
    wanted = {
        "ServerSideEncryption": settings.sse,
        "SSEKMSKeyId": settings.sse_key_id,
        "BucketKeyEnabled": settings.sse_bucket_key,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
