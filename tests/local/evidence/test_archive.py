import hashlib
from collections import Counter

import zstandard

from tidemark.archive.manifest import Manifest, Segment, print_manifest
from tidemark.archive.names import ManifestKey, ObjectKey, SegmentName
from tidemark.archive.record import record_line, unparsed_line
from tidemark.core.hour import Hour
from tidemark.local.evidence.archive import digests, manifests
from tidemark.local.s3 import S3Server
from tidemark.simulator.message import digest_of

TEN = Hour.parse("2026-11-20T10")
AT = "2026-11-20T10:00:00.000000Z"
MESSAGE = b'{"event_type":"item_listed","payload":{}}'


def put(server: S3Server, bucket: str, collector: str, *segments: bytes) -> None:
    client = server.client()
    listed = []
    for number, text in enumerate(segments, 1):
        key, packed = str(ObjectKey("", collector, SegmentName(TEN, number))), zstandard.compress(text)
        client.put_object(Bucket=bucket, Key=key, Body=packed)
        lines = text.count(b"\n")
        listed.append(Segment(key, lines, len(text), len(packed), hashlib.sha256(packed).hexdigest()))
    manifest = Manifest(
        hour=TEN.key, collector=collector, segments=tuple(listed), software="test", written_at=TEN.end,
        event_types={"item_listed": sum(segment.records for segment in listed)},
    )  # fmt: skip
    client.put_object(Bucket=bucket, Key=str(ManifestKey("", collector, TEN)), Body=print_manifest(manifest))


def test_each_hour_has_the_manifests_that_stand_there(s3_server: S3Server, bucket: str) -> None:
    put(s3_server, bucket, "collector-b")
    put(s3_server, bucket, "collector-a")
    found = manifests(s3_server.client(), bucket, [TEN, TEN.next()])
    assert [each.collector for each in found[TEN]] == ["collector-a", "collector-b"]
    assert found[TEN.next()] == []


def test_every_message_of_every_segment_is_counted_by_its_exact_bytes(s3_server: S3Server, bucket: str) -> None:
    line = record_line(AT, "collection:*", MESSAGE)
    put(s3_server, bucket, "collector-a", line * 2, line + unparsed_line(AT, b"garbage"))
    (manifest,) = manifests(s3_server.client(), bucket, [TEN])[TEN]
    found = digests(s3_server.client(), bucket, manifest)
    assert found == Counter({digest_of(MESSAGE): 3, digest_of(b"garbage"): 1})
