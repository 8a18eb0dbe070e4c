from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loader.recording import HOUR, Recording, sold
from tidemark.archive.manifest import Manifest, print_manifest
from tidemark.archive.names import ManifestKey
from tidemark.core.errors import Problem
from tidemark.loader.s3 import Listed, S3Archive, fingerprint, read_listed
from tidemark.storage.s3_client import s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


NAMES = st.from_regex(r"[a-z]{1,5}", fullmatch=True)
ETAGS = st.text("abcdef0123456789", min_size=1, max_size=8)
LISTED = st.builds(lambda name, etag: Listed(ManifestKey("", name, HOUR), etag), NAMES, ETAGS)


@pytest.fixture
def archive(s3: "S3Client", bucket: str) -> S3Archive:
    return S3Archive(s3, bucket, "")


def test_an_hour_is_listed_fetched_and_streamed(s3: "S3Client", bucket: str, archive: S3Archive) -> None:
    manifest = Recording("b").receive(sold(1), 1).put(s3, bucket)
    Recording("a").put(s3, bucket)
    Recording("a", HOUR.next()).put(s3, bucket)
    s3.put_object(Bucket=bucket, Key="manifests/date=2026-11-22/hour=15/", Body=b"")  # as a console makes folders
    assert [one.key.collector for one in archive.listed(HOUR)] == ["a", "b"]
    assert [one.key.hour for one in archive.listed_on(HOUR.start.date())] == [HOUR, HOUR.next(), HOUR]
    assert archive.manifest(archive.listed(HOUR)[1]) == manifest
    assert b"".join(archive.chunks(manifest.segments[0])).count(b"\n") == 1


def test_another_prefix_is_another_archive(s3: "S3Client", bucket: str) -> None:
    Recording().put(s3, bucket)
    assert S3Archive(s3, bucket, "elsewhere/").listed(HOUR) == []


def test_a_missing_bucket_is_named(s3: "S3Client") -> None:
    with pytest.raises(
        Problem, match=r"'nowhere' at .*: it does not exist \(ListObjectsV2: 404 NoSuchBucket\)"
    ) as caught:
        S3Archive(s3, "nowhere", "").listed(HOUR)
    assert "TIDEMARK_BUCKET" in caught.value.hint


def test_a_missing_segment_is_named(s3: "S3Client", bucket: str, archive: S3Archive) -> None:
    manifest = Recording().receive(sold(1), 1).put(s3, bucket)
    s3.delete_object(Bucket=bucket, Key=manifest.segments[0].key)
    with pytest.raises(Problem, match=r"0001\.jsonl\.zst: the object is missing"):
        list(archive.chunks(manifest.segments[0]))


def test_a_segment_in_glacier_is_named_and_is_not_tried_again(s3: "S3Client", bucket: str, archive: S3Archive) -> None:
    manifest = Recording().receive(sold(1), 1).put(s3, bucket)
    key = manifest.segments[0].key
    s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": key}, StorageClass="GLACIER")
    with pytest.raises(Problem, match=r"0001\.jsonl\.zst: the object is in Glacier \(GetObject: 403") as caught:
        list(archive.chunks(manifest.segments[0]))
    assert not caught.value.transient
    assert "restore-object" in caught.value.hint


def test_credentials_that_cannot_be_read_later_are_a_problem_of_the_configuration(
    s3: "S3Client", bucket: str, archive: S3Archive
) -> None:
    def fail(**_: object) -> None:
        raise ValueError("s3cret: what a program of the configuration printed")

    s3.meta.events.register("before-call.s3", fail)
    with pytest.raises(Problem, match=r"the AWS configuration cannot be used \(ValueError\)") as raised:
        archive.listed(HOUR)
    s3.meta.events.unregister("before-call.s3", fail)
    assert "s3cret" not in str(raised.value)


def test_a_silent_endpoint_is_a_problem(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Problem, match=r"at 127\.0\.0\.1:1, .*: the connection was refused"):
        S3Archive(s3_client(), bucket, "").listed(HOUR)


@given(st.lists(LISTED), st.randoms())
def test_a_fingerprint_does_not_depend_on_the_order(listed: list[Listed], random) -> None:
    shuffled = random.sample(listed, len(listed))
    assert fingerprint(shuffled) == fingerprint(listed)


@given(st.lists(LISTED, min_size=1, unique=True), LISTED)
def test_a_fingerprint_changes_with_every_manifest(listed: list[Listed], another: Listed) -> None:
    assert fingerprint(listed[1:]) != fingerprint(listed)
    changed = Listed(listed[0].key, listed[0].etag + "0")
    assert fingerprint([changed, *listed[1:]]) != fingerprint(listed)


def test_a_nul_in_a_manifest_is_refused_before_it_reaches_postgresql() -> None:
    told = print_manifest(Manifest(hour=HOUR.key, collector="a", software="a\0", written_at=HOUR.end))
    with pytest.raises(Problem, match="cannot be used: it holds a NUL"):
        read_listed(Listed(ManifestKey("", "a", HOUR), "etag"), told)


def test_what_a_listing_shows() -> None:
    key = "p/manifests/date=2026-11-22/hour=15/collector=a.json"
    assert Listed.of(key, '"abc"') == Listed(ManifestKey("p/", "a", HOUR), "abc")


@pytest.mark.parametrize("name", ["collector=A_B.json", "notes.txt", "collector=a.json.bak"])
def test_a_stranger_among_the_manifests_is_not_passed_over(name: str) -> None:
    with pytest.raises(Problem, match="and is none"):
        Listed.of(f"manifests/date=2026-11-22/hour=15/{name}", "abc")


def manifest(**changes: str) -> Manifest:
    return Manifest(**{"hour": HOUR.key, "collector": "a", "software": "test", "written_at": HOUR.end, **changes})


def test_a_manifest_is_read() -> None:
    listed = Listed(ManifestKey("", "a", HOUR), "abc")
    assert read_listed(listed, print_manifest(manifest())) == manifest()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "truncated"),
        (print_manifest(manifest(hour="2026-11-22T14")), "says that it is 2026-11-22T14 by a"),
        (print_manifest(manifest(collector="b")), "says that it is 2026-11-22T15 by b"),
        (
            print_manifest(manifest()).replace(b'"format":2', b'"format":3'),
            "format 3",
        ),
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(Problem, match=said):
        read_listed(Listed(ManifestKey("", "a", HOUR), "abc"), data)
