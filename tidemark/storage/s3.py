"""S3, or anything that speaks its protocol: the client, and objects that are put once.

Conditional writes (`If-None-Match: *`) keep what is there; SHA-256 checksums travel with every body, and the stored
object's checksum is read back before a put counts as done.
"""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tidemark.storage.s3_errors import code_of, differs, garbled, problem_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART = 16 << 20
WHOLE = 64 << 20
_CONNECT_TIMEOUT = 10.0
_CHUNK = 1 << 20
# The name is taken; or an earlier try of this very request completed the upload, and only its answer was lost.
_TAKEN = {"PreconditionFailed", "412", "NoSuchUpload"}


def s3_client(*, attempts: int = 4, timeout: float = 60, connections: int = 10) -> "S3Client":
    """Return a client that takes its address and its credentials from boto3's usual places; nothing is sent yet.

    A request fails after `timeout` seconds without an answer, and is sent up to `attempts` times.
    Raises StoreUnavailableError where boto3 cannot make sense of the environment.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=min(_CONNECT_TIMEOUT, timeout),
        read_timeout=timeout,
        max_pool_connections=connections,
    )
    try:
        return boto3.client("s3", config=config)
    except (BotoCoreError, ValueError) as error:
        raise problem_of(error, "", "") from error


class S3Store:
    """The objects of one bucket; safe to use from several threads.

    Content of more than `whole` bytes is put in parts of `part` bytes, which are read into memory; `options` are
    added to what creates an object.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        *,
        whole: int = WHOLE,
        part: int = PART,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._whole = whole
        self._part = part
        self._options = options

    def put(self, key: str, content: Path | bytes, *, sha256: str, media_type: str) -> bool:
        """Put content once and read its checksum back; see `ObjectStore.put`."""
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        put = self._put_whole if size <= self._whole else self._put_parts
        try:
            created, checksum = put(key, content, sha256, {"ContentType": media_type, **self._options})
            equal = self._holds(key, size, checksum, sha256)
        except (BotoCoreError, ClientError, KeyError) as error:  # KeyError: boto3 takes an answer that was cut short
            raise problem_of(error, self._bucket, key) from error
        if not equal:
            raise differs(self._bucket, key, created=created)
        return created

    def _put_whole(self, key: str, content: Path | bytes, sha256: str, options: dict[str, Any]) -> tuple[bool, str]:
        """Put content in one request; return whether it was created, and the checksum under which S3 keeps it."""
        checksum = _base64(bytes.fromhex(sha256))
        with _opened(content) as body:
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

    def _put_parts(self, key: str, content: Path | bytes, sha256: str, options: dict[str, Any]) -> tuple[bool, str]:
        """Put content part by part; S3 keeps it under the checksum of its parts' checksums."""
        upload = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=key, ChecksumAlgorithm="SHA256", **options
        )["UploadId"]
        created = False
        try:
            parts, checksum = self._send_parts(key, upload, content, sha256)
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

    def _send_parts(
        self, key: str, upload: str, content: Path | bytes, sha256: str
    ) -> tuple[list["CompletedPartTypeDef"], str]:
        whole = hashlib.sha256()
        digests: list[bytes] = []
        parts: list[CompletedPartTypeDef] = []
        with _opened(content) as source:
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


def _opened(content: Path | bytes) -> BinaryIO:
    return BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
