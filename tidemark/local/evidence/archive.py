"""What the archive says: each collector's manifests, and the digest of every message that lies in its objects."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import zstandard

from tidemark.archive.manifest import Manifest, read_manifest
from tidemark.archive.names import manifest_folder
from tidemark.archive.record import read_record
from tidemark.core.hour import Hour
from tidemark.simulator.message import digest_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def manifests(client: "S3Client", bucket: str, hours: Sequence[Hour]) -> dict[Hour, list[Manifest]]:
    """Return the manifests of each hour, in order of collector."""
    return {hour: list(_manifests(client, bucket, hour)) for hour in hours}


def _manifests(client: "S3Client", bucket: str, hour: Hour) -> Iterator[Manifest]:
    listed = client.list_objects_v2(Bucket=bucket, Prefix=manifest_folder("", hour))
    for each in listed.get("Contents", []):
        yield read_manifest(_body(client, bucket, each["Key"]))


def digests(client: "S3Client", bucket: str, manifest: Manifest) -> Counter[str]:
    """Return how often each message lies in the objects of a manifest, by the simulator's digest."""
    return Counter(
        _digest(line)
        for segment in manifest.segments
        for line in zstandard.decompress(_body(client, bucket, segment.key)).splitlines()
    )


def _digest(line: bytes) -> str:
    record = read_record(line)
    return digest_of(bytes(record.message) or (record.unparsed or "").encode())


def _body(client: "S3Client", bucket: str, key: str) -> bytes:
    return client.get_object(Bucket=bucket, Key=key)["Body"].read()
