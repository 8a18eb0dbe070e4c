"""Objects of S3, or of anything that speaks its protocol, that are put once.

Conditional writes (`If-None-Match: *`) keep what is there; SHA-256 checksums travel with every body, and the stored
object's checksum is read back before a put counts as done.
"""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import closing, suppress
from io import BufferedReader, BytesIO, FileIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from tidemark.core.errors import Problem
from tidemark.storage.object_store import (
    ChecksumMismatchError,
    ObjectConflictError,
    Place,
    Proof,
    PutOnce,
    StoreUnavailableError,
)
from tidemark.storage.s3_client import client_problem, place_of
from tidemark.storage.s3_errors import CHECKSUM_CODES, ONE_OBJECT_CODES, code_of
from tidemark.storage.s3_probe import probe

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART = 16 << 20
WHOLE = 64 << 20
LARGEST_WHOLE = 5 << 30
_STAYS = "Nothing was lost: the files stay in the spool and the next run goes on with them"
_PACK_AGAIN = f"Run it again; it is packed again. If this repeats, check the machine's disk and memory. {_STAYS}"
_CHUNK = 1 << 20
# The name is taken; or an earlier try of this very request completed the upload, and only its answer was lost.
_TAKEN = {"PreconditionFailed", "412", "NoSuchUpload"}


class _Body(BufferedReader):
    """What is put. It remembers an error of the disk, which boto3 would show as one of its own."""

    def __init__(self, content: Path | bytes) -> None:
        super().__init__(BytesIO(content) if isinstance(content, bytes) else FileIO(content))
        self.failure: OSError | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as a file does."""
        try:
            return super().read(size)
        except OSError as error:
            self.failure = error
            raise


class S3Store:
    """The objects of one bucket; safe to use from several threads.

    Content of more than `whole` bytes is put in parts of `part` bytes, which are read into memory; `options` are
    added to what creates an object. With `put_once` "head" the endpoint need not know conditional writes: each key
    is looked up before it is put, and no object is put in parts.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        *,
        whole: int = WHOLE,
        part: int = PART,
        options: Mapping[str, Any] = MappingProxyType({}),
        put_once: PutOnce = "conditional",
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._part = part
        self._options = options
        self._head_first = put_once == "head"
        self._whole = LARGEST_WHOLE if self._head_first else whole
        self._checksums = True

    def prove(self, prefix: str, name: str, known: Proof | None) -> Proof:
        """Find out whether the endpoint puts once; see `ObjectStore.prove`. Without parts, all is put whole."""
        where = (self._client.meta.endpoint_url, self._bucket, prefix, repr(sorted(self._options.items())))
        proof = known if known and (known.endpoint, known.bucket, known.prefix, known.encryption) == where else None
        if proof is None:
            try:
                found = probe(self._client, self._bucket, f"{prefix}probe/{name}", self._options)
            except Exception as error:
                problem = self._problem(error, f"{prefix}probe/{name}")
                raise StoreUnavailableError(*problem.args) from error
            check_encryption(self._place, self._options, found.encryption)
            endpoint, bucket, prefix, encryption = where
            proof = Proof(
                endpoint=endpoint,
                bucket=bucket,
                prefix=prefix,
                encryption=encryption,
                whole=found.whole,
                parts=found.parts,
                checksums=found.checksums,
            )
        if not proof.whole and not self._head_first:
            raise StoreUnavailableError(
                f"{self._place} overwrites objects: it ignores or refuses If-None-Match on writes",
                "Use an S3 endpoint with conditional writes (docs/s3.md lists them). Where one uploader alone "
                f"writes under this TIDEMARK_COLLECTOR, TIDEMARK_PUT_ONCE=head looks before each put instead. {_STAYS}",
            )
        self._checksums = proof.checksums
        if not proof.parts:
            self._whole = LARGEST_WHOLE
        return proof

    def place(self, key: str) -> Place:
        """Return where the object of a key is; see `ObjectStore.place`."""
        url = urlsplit(self._client.meta.endpoint_url)
        return Place(endpoint=f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}", bucket=self._bucket, key=key)

    def put(self, key: str, content: Path | bytes, *, sha256: str, media_type: str) -> bool:
        """Put content once and read its checksum back; see `ObjectStore.put`."""
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        put = self._put_whole if size <= self._whole else self._put_parts
        with _Body(content) as body:
            try:
                created, checksum = put(key, body, sha256, {"ContentType": media_type, **self._options})
                equal = self._holds(key, size, checksum, sha256, created=created)
            except Problem:
                raise
            except Exception as error:
                if body.failure:
                    raise body.failure from None
                raise self._problem(error, key) from error
        if not equal:
            raise conflict(self._bucket, key, created=created)
        return created

    @property
    def _place(self) -> str:
        return place_of(self._client, self._bucket)

    def _problem(self, error: Exception, key: str) -> Problem:
        """Return what an error of boto3 means."""
        if isinstance(error, KeyError):  # boto3 takes an answer that was cut short
            hint = f"Run it again later. {_STAYS}"
            return StoreUnavailableError(f"{self._place}: an answer about {key} was incomplete", hint, transient=True)
        code = code_of(error) if isinstance(error, ClientError) else ""
        if code in CHECKSUM_CODES:
            return ChecksumMismatchError(f"{self._place} received other bytes of {key} ({code})", _PACK_AGAIN)
        if code in ONE_OBJECT_CODES:
            return client_problem(f"s3://{self._bucket}/{key}", error, _STAYS)
        return StoreUnavailableError(*client_problem(self._place, error, _STAYS).args)

    def _put_whole(self, key: str, body: "_Body", sha256: str, options: dict[str, Any]) -> tuple[bool, str]:
        """Put content in one request; return whether it was created, and the checksum under which S3 keeps it."""
        checksum = _base64(bytes.fromhex(sha256))
        if self._head_first and self._is_there(key):
            return False, checksum
        condition = {} if self._head_first else {"IfNoneMatch": "*"}
        created = self._unless_taken(
            self._client.put_object,
            Bucket=self._bucket,
            Key=key,
            Body=body,
            **condition,
            **self._checksum(checksum),
            **options,
        )
        return created, checksum

    def _checksum(self, checksum: str) -> dict[str, str]:
        return {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": checksum} if self._checksums else {}

    def _is_there(self, key: str) -> bool:
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if code_of(error) in ("404", "NoSuchKey"):
                return False
            raise
        return True

    def _put_parts(self, key: str, body: "_Body", sha256: str, options: dict[str, Any]) -> tuple[bool, str]:
        """Put content part by part; S3 keeps it under the checksum of its parts' checksums."""
        algorithm: dict[str, Any] = {"ChecksumAlgorithm": "SHA256"} if self._checksums else {}
        upload = self._client.create_multipart_upload(Bucket=self._bucket, Key=key, **algorithm, **options)["UploadId"]
        created = False
        try:
            parts, checksum = self._send_parts(key, upload, body, sha256)
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
                # where giving back the parts fails too, the bucket's lifecycle rule ends the upload
                with suppress(BotoCoreError, ClientError):
                    self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
        return created, checksum

    def _send_parts(
        self, key: str, upload: str, body: "_Body", sha256: str
    ) -> tuple[list["CompletedPartTypeDef"], str]:
        whole = hashlib.sha256()
        digests: list[bytes] = []
        parts: list[CompletedPartTypeDef] = []
        while part := body.read(self._part):
            whole.update(part)
            digests.append(hashlib.sha256(part).digest())
            parts.append(self._send_part(key, upload, len(digests), part, _base64(digests[-1])))
        if whole.hexdigest() != sha256:  # no single part's checksum could tell
            raise ChecksumMismatchError(f"the packed file of {key} has changed on this disk", _PACK_AGAIN)
        return parts, _base64(hashlib.sha256(b"".join(digests)).digest())

    def _send_part(self, key: str, upload: str, number: int, part: bytes, checksum: str) -> "CompletedPartTypeDef":
        answer = self._client.upload_part(
            Bucket=self._bucket,
            Key=key,
            UploadId=upload,
            PartNumber=number,
            Body=part,
            **self._checksum(checksum),  # type: ignore[arg-type]
        )
        sent: CompletedPartTypeDef = {"PartNumber": number, "ETag": answer["ETag"]}
        return {**sent, "ChecksumSHA256": checksum} if self._checksums else sent

    def _unless_taken(self, request: Any, **arguments: Any) -> bool:
        try:
            request(**arguments)
        except ClientError as error:
            if code_of(error) in _TAKEN:
                return False
            raise
        return True

    def _holds(self, key: str, size: int, checksum: str, sha256: str, *, created: bool) -> bool:
        """Return whether the archive holds this content, by its checksum or else by reading the object."""
        head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        if created:
            check_encryption(self._place, self._options, head.get("ServerSideEncryption"))
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


def check_encryption(place: str, options: Mapping[str, Any], found: str | None) -> None:
    """Raise StoreUnavailableError where an object that was just put is not encrypted as it was asked for."""
    asked = options.get("ServerSideEncryption")
    if asked and asked != found:
        raise StoreUnavailableError(
            f"{place} ignores the server-side encryption that TIDEMARK_SSE={asked} asks for",
            f"Use an endpoint that encrypts, or unset TIDEMARK_SSE and encrypt its disks. {_STAYS}",
        )


def conflict(bucket: str, key: str, *, created: bool) -> ObjectConflictError:
    """Return the problem of an object whose content is not the file's."""
    if created:
        what, hint = "arrived damaged", "Delete that object and run this again; the file is still in the spool"
    else:
        what = "is there already with other content"
        hint = "Find out who wrote it: two collectors with one id? Nothing was overwritten; the file stays in the spool"
    return ObjectConflictError(f"s3://{bucket}/{key} {what}", hint)


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
