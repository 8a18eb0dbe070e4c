"""The archive in S3, read only: manifests listed and fetched, segments streamed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tidemark.archive.manifest import Manifest, Segment
from tidemark.archive.names import manifest_folder
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.archive.listing import Listed, read_listed
from tidemark.loader.archive.verified import CHUNK

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = {"NoSuchKey", "404"}
_HINTS = {
    "NoSuchBucket": "Create the bucket, or set TIDEMARK_BUCKET to the right one",
    "AccessDenied": "Allow this role or key s3:ListBucket and s3:GetObject on the bucket (encrypted: and kms:Decrypt)",
    "InvalidAccessKeyId": "Check AWS_ACCESS_KEY_ID, or use the machine's IAM role",
    "SignatureDoesNotMatch": "Check AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": "Renew the credentials, or use the machine's IAM role",
    "PermanentRedirect": "Set AWS_DEFAULT_REGION to the bucket's own region",
}
_LATER = "Check the network, AWS_ENDPOINT_URL and the AWS credentials, then repeat: nothing was half done"


class S3Archive:
    """The archive under one prefix of one bucket. Every method raises Problem where S3 refuses or stays silent."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def listed(self, hour: Hour) -> list[Listed]:
        """Return the manifests that an hour has, in order of collector."""
        return sorted(self._under(manifest_folder(self._prefix, hour)))

    def listed_on(self, day: date) -> list[Listed]:
        """Return the manifests of every hour of a day, in order of collector and hour."""
        return sorted(self._under(f"{self._prefix}manifests/date={day:%Y-%m-%d}/"))

    def manifest(self, listed: Listed) -> Manifest:
        """Fetch a manifest and check that it agrees with itself and with its key."""
        with self._problems(str(listed.key)):
            data = self._client.get_object(Bucket=self._bucket, Key=str(listed.key))["Body"].read()
        return read_listed(listed, data)

    def chunks(self, segment: Segment) -> Iterator[bytes]:
        """Stream a segment as it lies in the bucket, packed; `unpacked` verifies it."""
        with self._problems(segment.key):
            yield from self._client.get_object(Bucket=self._bucket, Key=segment.key)["Body"].iter_chunks(CHUNK)

    def _under(self, folder: str) -> Iterator[Listed]:
        with self._problems(folder):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=folder):
                for found in page.get("Contents", ()):
                    if not found["Key"].endswith("/"):  # a folder that a console has made
                        yield Listed.of(found["Key"], found["ETag"])

    @contextmanager
    def _problems(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise self._refusal(error, key) from error
        except BotoCoreError as error:
            raise Problem(f"the bucket {self._bucket!r} cannot be read: {error}", _LATER) from error

    def _refusal(self, error: ClientError, key: str) -> Problem:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _MISSING:
            return Problem(
                f"s3://{self._bucket}/{key} is missing",
                "A manifest names it, so it was there: restore it from the bucket's versions or the spool",
            )
        hint = _HINTS.get(code, _LATER)
        return Problem(f"the bucket {self._bucket!r} refused {error.operation_name} of {key}: {code}", hint)
