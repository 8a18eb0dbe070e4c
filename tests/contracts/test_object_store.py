"""What every archive promises, asked of the one in memory and of a real S3, whole objects and objects in parts."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from tests.storage.faulty_s3 import faulty_s3
from tests.storage.memory import MemoryStore
from tidemark.local.services.s3 import S3Server
from tidemark.storage.object_store import ChecksumMismatchError, ObjectConflictError, ObjectStore, StoreUnavailableError
from tidemark.storage.s3 import S3Store

PART = 1 << 16
KEY = "events/date=2026-11-22/hour=15/collector=a/20261122T15.0001.jsonl.zst"


class InMemory:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self.without_bucket: ObjectStore = MemoryStore(bucket_exists=False)

    def content(self, key: str) -> bytes | None:
        return self.store.objects.get(key)

    def media_type(self, key: str) -> str:
        return self.store.media_types[key]


class InS3:
    """A bucket of the embedded S3, behind a server as strict about checksums and conditions as S3 itself."""

    def __init__(self, server: S3Server, endpoint: str, bucket: str, whole: int) -> None:
        client = boto3.client("s3", endpoint_url=endpoint)
        self.store = S3Store(client, bucket, whole=whole, part=PART)
        self.without_bucket: ObjectStore = S3Store(client, f"{bucket}-not", whole=whole, part=PART)
        self._direct = server.client()
        self._bucket = bucket

    def content(self, key: str) -> bytes | None:
        if not self._direct.list_objects_v2(Bucket=self._bucket, Prefix=key)["KeyCount"]:
            return None
        return self._direct.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def media_type(self, key: str) -> str:
        return self._direct.head_object(Bucket=self._bucket, Key=key)["ContentType"]


@pytest.fixture(params=["memory", "s3 whole", "s3 parts"])
def archive(request: pytest.FixtureRequest) -> Iterator[InMemory | InS3]:
    if request.param == "memory":
        yield InMemory()
        return
    bucket = request.getfixturevalue("bucket")
    server = request.getfixturevalue("s3_server")
    with faulty_s3(server.endpoint) as faulty:
        yield InS3(server, faulty.endpoint, bucket, PART if request.param == "s3 parts" else PART << 10)


def put(store: ObjectStore, file: Path, content: bytes) -> bool:
    file.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return store.put(KEY, file, sha256=digest, media_type="application/zstd")


def test_a_place_names_the_endpoint_the_bucket_and_the_key(archive):
    place = archive.store.place(KEY)
    assert place.key == KEY
    assert place != archive.store.place("other")
    assert place.endpoint
    assert place.bucket in str(place)


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 3 * PART, 3 * PART + 7])
def test_what_was_put_is_there_byte_for_byte(archive, tmp_path, size):
    content = bytes(i * 7 % 251 for i in range(size))
    assert put(archive.store, tmp_path / "file", content) is True
    assert archive.content(KEY) == content
    assert archive.media_type(KEY) == "application/zstd"


def test_an_equal_object_is_a_success_that_is_not_created(archive, tmp_path):
    content = b"equal" * PART
    put(archive.store, tmp_path / "file", content)
    assert put(archive.store, tmp_path / "file", content) is False
    assert archive.content(KEY) == content


@pytest.mark.parametrize("other", [b"other" * PART, b"shorter"], ids=["of the same size", "of another size"])
def test_a_different_object_is_left_as_it_is(archive, tmp_path, other):
    content = b"first" * PART
    put(archive.store, tmp_path / "file", content)
    with pytest.raises(ObjectConflictError, match="there already with other content"):
        put(archive.store, tmp_path / "file", other)
    assert archive.content(KEY) == content


def test_a_file_that_is_not_what_its_digest_says_never_passes(archive, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"rotten" * PART)
    promised = hashlib.sha256(b"sound" * PART).hexdigest()
    with pytest.raises((ChecksumMismatchError, ObjectConflictError)):
        archive.store.put(KEY, file, sha256=promised, media_type="application/zstd")


@pytest.mark.parametrize("equal", [True, False])
def test_of_many_puts_at_once_exactly_one_creates_the_object(archive, tmp_path, equal):
    contents = [b"content" * PART if equal else b"content%d" % i * PART for i in range(4)]

    def attempt(number: int) -> str:
        try:
            return "created" if put(archive.store, tmp_path / str(number), contents[number]) else "equal"
        except ObjectConflictError:
            return "differs"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, range(4)))
    assert sorted(outcomes) == ["created", *["equal" if equal else "differs"] * 3]
    assert archive.content(KEY) == contents[outcomes.index("created")]


def test_a_missing_bucket_makes_the_archive_unusable(archive, tmp_path):
    with pytest.raises(StoreUnavailableError, match="does not exist"):
        put(archive.without_bucket, tmp_path / "file", b"content" * PART)
    assert archive.content(KEY) is None
