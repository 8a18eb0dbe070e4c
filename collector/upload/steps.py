"""The two steps of an upload: upload a segment, commit an hour. Each can be repeated after any failure."""

import time
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from msgspec.structs import replace

from collector.settings import UploadSettings
from collector.upload.commit import coverage_in, manifest_of
from collector.upload.folders import UploadFolders
from collector.upload.report import DISK_FULL, Committed, Uploaded
from tidemark.archive.manifest import Manifest, print_manifest, read_manifest
from tidemark.archive.names import MANIFEST_TYPE, SEGMENT_TYPE, ManifestKey, ObjectKey, SegmentName, probe_name
from tidemark.core.hour import Hour
from tidemark.core.version import SOFTWARE
from tidemark.storage.object_store import ChecksumMismatchError, ObjectStore, Place
from tidemark.storage.s3 import S3Store
from tidemark.storage.s3_client import s3_client

_Result = TypeVar("_Result")


def connect(settings: UploadSettings) -> S3Store:
    """Return the archive that the settings and the AWS_* variables name; nothing is sent yet.

    Raises StoreUnavailableError where boto3 cannot make sense of them.
    """
    client = s3_client(
        plaintext_hosts=settings.plaintext_hosts,
        attempts=settings.upload_attempts,
        timeout=settings.upload_timeout,
        connections=settings.upload_workers + 1,
    )
    encryption = {
        "ServerSideEncryption": settings.sse,
        "SSEKMSKeyId": settings.sse_key_id,
        "BucketKeyEnabled": settings.sse_bucket_key,
    }
    return S3Store(
        client,
        settings.bucket,
        whole=settings.multipart_threshold_mib << 20,
        options={name: value for name, value in encryption.items() if value is not None},
        put_once=settings.put_once,
    )


class Steps:
    """Takes single steps between one spool and one archive; `now` is the time of the run."""

    def __init__(self, settings: UploadSettings, spool: UploadFolders, store: ObjectStore, now: datetime) -> None:
        self._settings = settings
        self._spool = spool
        self._store = store
        self._now = now

    def upload(self, name: SegmentName) -> Uploaded:
        """Pack a sealed segment and put it. Raises OSError, what `ObjectStore.put` raises, and ZstdError."""
        began = time.monotonic()
        place = self.place(name)
        level = self._settings.compression_level
        file, packed = self._with_room(lambda: self._spool.pack(name, level=level))
        try:
            created = self._store.put(place.key, file, sha256=packed.sha256, media_type=SEGMENT_TYPE)
        except ChecksumMismatchError:
            self._spool.discard(name)
            raise
        self._with_room(lambda: self._spool.mark_uploaded(name, packed, place))
        seconds = time.monotonic() - began
        return Uploaded(str(name), place.key, packed.bytes, packed.compressed_bytes, seconds, created)

    def place(self, name: SegmentName) -> Place:
        """Return where a segment is uploaded to."""
        return self._store.place(str(ObjectKey(self._settings.prefix, self._settings.collector, name)))

    def _with_room(self, write: Callable[[], _Result]) -> _Result:
        """Write something; where the disk is full, uploaded files go before their time, and it is written again."""
        try:
            return write()
        except OSError as error:
            if error.errno not in DISK_FULL:
                raise
        self._spool.make_room(self.place)
        return write()

    def commit(self, hour: Hour) -> Committed:
        """Put the manifest of an hour; it is written down first, so that every attempt puts the same bytes.

        One that an earlier run wrote down is put only while it is still true: a clock that was ahead may have ended
        the hour too early. Raises what `upload` does, and ValueError where the hour's ledger or a record in the spool
        cannot be read.
        """
        manifest = self._sum_up(hour)
        file = self._spool.manifest(hour)
        if file is None or not _says(file.read_bytes(), manifest):
            file = self._with_room(lambda: self._spool.keep_manifest(hour, print_manifest(manifest)))
        data = file.read_bytes()
        key = str(ManifestKey(self._settings.prefix, self._settings.collector, hour))
        created = self._store.put(key, file, sha256=sha256(data).hexdigest(), media_type=MANIFEST_TYPE)
        self._spool.mark_committed(hour)
        return Committed(hour.key, key, len(manifest.segments), manifest.records, len(manifest.gaps), created)

    def prove(self) -> None:
        """Find out once whether the archive puts once. Raises StoreUnavailableError where it does not."""
        known = self._spool.proof()
        proof = self._store.prove(self._settings.prefix, probe_name(self._settings.collector), known)
        if proof != known:
            self._spool.keep_proof(proof)

    def _sum_up(self, hour: Hour) -> Manifest:
        previous = self._spool.manifest(hour.previous())
        return manifest_of(
            hour,
            self._spool.records(hour),
            coverage_in(hour, self._spool.ledger(hour), read_manifest(previous.read_bytes()) if previous else None),
            collector=self._settings.collector,
            prefix=self._settings.prefix,
            software=SOFTWARE,
            written_at=self._now,
        )


def _says(data: bytes, manifest: Manifest) -> bool:
    """Return whether a written manifest says the same as one that is made now, whenever and by whatever version."""
    try:
        written = read_manifest(data)
    except ValueError:
        return False
    return replace(written, written_at=manifest.written_at, software=manifest.software) == manifest
