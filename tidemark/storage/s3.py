"""S3, or anything that speaks its protocol: the client, and objects that are put once.

Conditional writes (`If-None-Match: *`) keep what is there; SHA-256 checksums travel with every body, and the stored
object's checksum is read back before a put counts as done.
"""

import base64
import hashlib
import os
import re
import socket
import ssl
from collections.abc import Collection, Mapping
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader

from tidemark.core.errors import Problem
from tidemark.core.text import printable
from tidemark.storage.failures import problem_of
from tidemark.storage.object_store import (
    ChecksumMismatchError,
    ObjectConflictError,
    Proof,
    PutOnce,
    StoreUnavailableError,
)
from tidemark.storage.s3_errors import CHECKSUM_CODES, ONE_OBJECT_CODES, code_of
from tidemark.storage.s3_probe import probe
from tidemark.storage.settings import UNENCRYPTED, plaintext_host

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART = 16 << 20
WHOLE = 64 << 20
LARGEST_WHOLE = 5 << 30
_STAYS = "Nothing was lost: the files stay in the spool and the next run goes on with them"
_PACK_AGAIN = f"Run it again; it is packed again. If this repeats, check the machine's disk and memory. {_STAYS}"
_CONNECT_TIMEOUT = 10.0
_CHUNK = 1 << 20
# The name is taken; or an earlier try of this very request completed the upload, and only its answer was lost.
_TAKEN = {"PreconditionFailed", "412", "NoSuchUpload"}
_KEY = re.compile(r"[!-~]+", re.ASCII)
_OF_A_CONNECTION = (ConnectionError, TimeoutError, ssl.SSLError, socket.gaierror)
_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class _Descriptions(Loader):
    """botocore's descriptions of AWS, read once for all clients: that is nine tenths of the time a client takes."""

    @property
    def search_paths(self) -> list[str]:
        """Return a copy, because each session of boto3 adds a folder to it."""
        return list(super().search_paths)


_DESCRIPTIONS = _Descriptions()


def s3_client(
    access: Mapping[str, str] = MappingProxyType({}),
    *,
    plaintext_hosts: Collection[str] = (),
    attempts: int = 4,
    timeout: float = 60,
    connections: int = 10,
) -> "S3Client":
    """Return a client that takes its address and its credentials from boto3's usual places; nothing is sent yet.

    `access` holds what comes from elsewhere, named as the arguments of boto3's `client`. A request fails after
    `timeout` seconds without an answer, and is sent up to `attempts` times.
    Raises StoreUnavailableError where the environment cannot be used, and where the endpoint, wherever it comes from,
    is another machine than those of `plaintext_hosts` and would be reached by http://.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=min(_CONNECT_TIMEOUT, timeout),
        read_timeout=timeout,
        max_pool_connections=connections,
        request_checksum_calculation="when_required",  # every body carries a SHA-256, or none where none is taken
    )
    _check_environment(os.environ)
    try:
        # a session of its own, because the default one keeps the credentials that it found first
        options: dict[str, Any] = {**({} if "aws_access_key_id" in access else _credentials(os.environ)), **access}
        session = botocore.session.get_session()
        session.register_component("data_loader", _DESCRIPTIONS)
        client = boto3.Session(botocore_session=session).client("s3", config=config, **options)
    except Exception as error:
        problem = problem_of("S3", error)
        if problem is None:
            raise
        raise StoreUnavailableError(*problem.args) from error
    if (host := plaintext_host(client.meta.endpoint_url)) and host not in plaintext_hosts:
        what = f"the endpoint of S3 {UNENCRYPTED.format(printable(host))}"
        raise StoreUnavailableError(what, "Look at AWS_ENDPOINT_URL, AWS's configuration file or Airflow's connection")
    return client


def _check_environment(environ: Mapping[str, str]) -> None:
    """Refuse what a library would put into a header or an address, and into its error's text."""
    for name in _SECRETS:
        if (secret := environ.get(name, "").strip()) and not _KEY.fullmatch(secret):
            what = f"{name} holds a space or a character that no key has"
            raise StoreUnavailableError(what, "Copy the key again")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        url = environ.get(name, "")
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and url == url.strip()
        except ValueError:
            usable = False
        if url and not usable:
            raise StoreUnavailableError(f"{name} is not an address", "Write it as https://HOST or https://HOST:PORT")


def _credentials(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the key pair of the environment without the line break that a copied one may end with."""
    key, secret, token = (environ.get(name, "").strip() for name in _SECRETS)
    if not key or not secret:
        return {}
    return {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token or None}


def place_of(client: "S3Client", bucket: str) -> str:
    """Return a bucket and its endpoint as messages name them, without what an address may hold of a password."""
    url = urlsplit(client.meta.endpoint_url)
    return f"bucket {bucket!r} at {url.hostname}{f':{url.port}' if url.port else ''}"


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
                if not isinstance(problem, Problem):
                    raise
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

    def put(self, key: str, content: Path | bytes, *, sha256: str, media_type: str) -> bool:
        """Put content once and read its checksum back; see `ObjectStore.put`."""
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        put = self._put_whole if size <= self._whole else self._put_parts
        try:
            created, checksum = put(key, content, sha256, {"ContentType": media_type, **self._options})
            equal = self._holds(key, size, checksum, sha256, created=created)
        except Problem:
            raise
        except Exception as error:
            # some errors of boto3 are OSErrors, too: a connection that failed, and not a file that cannot be read
            if isinstance(error, OSError) and not isinstance(error, (BotoCoreError, *_OF_A_CONNECTION)):
                raise
            raise self._problem(error, key) from error
        if not equal:
            raise conflict(self._bucket, key, created=created)
        return created

    @property
    def _place(self) -> str:
        return place_of(self._client, self._bucket)

    def _problem(self, error: Exception, key: str) -> Exception:
        """Return what an error of boto3 means; the error itself where that is not known."""
        if isinstance(error, KeyError):  # boto3 takes an answer that was cut short
            hint = f"Run it again later. {_STAYS}"
            return StoreUnavailableError(f"{self._place}: an answer about {key} was incomplete", hint, transient=True)
        code = code_of(error) if isinstance(error, ClientError) else ""
        if code in CHECKSUM_CODES:
            return ChecksumMismatchError(f"{self._place} received other bytes of {key} ({code})", _PACK_AGAIN)
        if code in ONE_OBJECT_CODES:
            return problem_of(f"s3://{self._bucket}/{key}", error, _STAYS) or error
        problem = problem_of(self._place, error, _STAYS)
        return StoreUnavailableError(*problem.args) if problem else error

    def _put_whole(self, key: str, content: Path | bytes, sha256: str, options: dict[str, Any]) -> tuple[bool, str]:
        """Put content in one request; return whether it was created, and the checksum under which S3 keeps it."""
        checksum = _base64(bytes.fromhex(sha256))
        if self._head_first and self._is_there(key):
            return False, checksum
        condition = {} if self._head_first else {"IfNoneMatch": "*"}
        with _opened(content) as body:
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

    def _put_parts(self, key: str, content: Path | bytes, sha256: str, options: dict[str, Any]) -> tuple[bool, str]:
        """Put content part by part; S3 keeps it under the checksum of its parts' checksums."""
        algorithm: dict[str, Any] = {"ChecksumAlgorithm": "SHA256"} if self._checksums else {}
        upload = self._client.create_multipart_upload(Bucket=self._bucket, Key=key, **algorithm, **options)["UploadId"]
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
                # where giving back the parts fails too, the bucket's lifecycle rule ends the upload
                with suppress(BotoCoreError, ClientError):
                    self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
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


def _opened(content: Path | bytes) -> BinaryIO:
    return BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
