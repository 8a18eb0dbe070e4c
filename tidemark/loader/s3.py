"""The archive in S3, read only: manifests listed and fetched, segments streamed.

A changed hour is recognised by the fingerprint of its manifests.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from tidemark.archive.manifest import Manifest, Segment, read_manifest
from tidemark.archive.names import REPAIR_PREFIX, ManifestKey, manifest_folder
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.verified import CHUNK
from tidemark.storage.s3_client import client_problem, place_of, s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_KEPT = "Nothing was half done"


def archive_client(settings: LoaderSettings, *, attempts: int = 4, timeout: float = 60) -> "S3Client":
    """Return the client of the archive that the settings name. Raises StoreUnavailableError as `s3_client` does."""
    return s3_client(settings.s3_access, plaintext_hosts=settings.plaintext_hosts, attempts=attempts, timeout=timeout)


@dataclass(frozen=True, order=True, slots=True)
class Listed:
    """A manifest as a listing shows it. `etag` changes whenever the object is written with other content."""

    key: ManifestKey
    etag: str

    @classmethod
    def of(cls, key: str, etag: str) -> "Listed":
        """Return an object of a manifest folder. Raises Problem for one that does not belong there."""
        try:
            return cls(ManifestKey.parse(key), etag.strip('"'))
        except ValueError as error:
            raise Problem(
                f"{key!r} lies among the manifests of the archive and is none ({error})",
                "Move it elsewhere; an hour that it describes would otherwise be left out silently",
            ) from error


def read_listed(listed: Listed, data: bytes) -> Manifest:
    """Read a manifest that was fetched. Raises Problem unless it agrees with itself and with its key."""
    try:
        manifest = read_manifest(data)
        said = (manifest.collector, manifest.hour)
        wrong = (
            "" if said == (listed.key.collector, listed.key.hour.key) else f"it says that it is {said[1]} by {said[0]}"
        )
        if rb"\u0000" in data:
            wrong = "it holds a NUL, which no text in PostgreSQL can"
    except ValueError as error:
        wrong = str(error)
    if wrong:
        raise Problem(
            f"the manifest {listed.key} cannot be used: {wrong}",
            "Find out who wrote it; `tidemark upload` writes a right one where the collector still has the hour",
        )
    return manifest


def fingerprint(listed: Iterable[Listed]) -> str:
    """Return a digest that is equal for the same manifests with the same content, in any order."""
    lines = sorted(f"{manifest.key} {manifest.etag}\n" for manifest in listed)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


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

    def first_recorded(self) -> Hour | None:
        """Return the first hour of which a collector has a manifest, None in an empty archive; repairs do not count."""
        keys = (listed.key for listed in self._under(f"{self._prefix}manifests/"))
        return next((key.hour for key in keys if not key.collector.startswith(REPAIR_PREFIX)), None)

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
                        # some servers list no ETag; what they list changes with every write, too
                        etag = found.get("ETag") or f"{found['Size']} bytes of {found['LastModified']}"
                        yield Listed.of(found["Key"], etag)

    @contextmanager
    def _problems(self, key: str) -> Iterator[None]:
        try:
            yield
        except Problem:
            raise
        except Exception as error:
            raise client_problem(f"{place_of(self._client, self._bucket)}, {key}", error, _KEPT) from error
