import pytest
from msgspec.structs import replace

from collector.upload.folders import UploadFolders
from collector.upload.plan import Deletions, Listing
from tests.collector.upload.spooled import FIRST, Spooled
from tidemark.archive.names import SegmentName
from tidemark.core.hour import Hour
from tidemark.storage.object_store import Place

NAME = SegmentName(FIRST, 1)
SECOND = FIRST.next()


def here(name: SegmentName, bucket: str = "archive") -> Place:
    return Place(endpoint="https://s3", bucket=bucket, key=str(name))


@pytest.fixture
def spooled(tmp_path) -> Spooled:
    return Spooled(tmp_path / "spool")


@pytest.fixture
def folders(spooled):
    folders = UploadFolders(spooled.root)
    with folders.locked():
        yield folders


def test_names_are_listed_by_state_and_other_files_are_ignored(spooled, folders):
    spooled.hour(FIRST)
    spooled.segment(SECOND, 1, folder="open")
    spooled.ledger(SECOND.next(), folder="open")
    (spooled.root / "sealed" / "notes.txt").write_text("mine")
    folders.mark_uploaded(NAME, folders.pack(NAME, level=1)[1], here(NAME))
    folders.keep_manifest(FIRST, b"{}")
    folders.mark_committed(FIRST)
    assert folders.listing(here) == Listing(
        open_hours=frozenset({SECOND, SECOND.next()}),
        sealed=frozenset({NAME}),
        ledgers=frozenset({FIRST}),
        uploaded=frozenset({NAME}),
        committed=frozenset({FIRST}),
    )


def test_a_segment_is_packed_once_and_sent_again_byte_for_byte(spooled, folders):
    spooled.segment(FIRST, 1, records=100)
    file, packed = folders.pack(NAME, level=1)
    content = file.read_bytes()
    assert folders.pack(NAME, level=19) == (file, packed)
    assert file.read_bytes() == content
    folders.discard(NAME)
    assert folders.pack(NAME, level=19)[1].sha256 != packed.sha256


def test_uploading_moves_the_record_and_drops_the_packed_file(spooled, folders):
    spooled.segment(FIRST, 1)
    _, packed = folders.pack(NAME, level=1)
    folders.mark_uploaded(NAME, packed, here(NAME))
    assert spooled.names() == ["sealed/20261120T10.0001.jsonl", "uploaded/20261120T10.0001.jsonl.json"]
    assert folders.records(FIRST) == {NAME: replace(packed, place=here(NAME))}


def test_what_a_dead_upload_was_writing_is_dropped_by_the_next(spooled):
    folders = UploadFolders(spooled.root)
    spooled.segment(FIRST, 1)
    spooled.segment(FIRST, 2)
    with folders.locked():
        folders.pack(NAME, level=1)
    whole = {"packed/20261120T10.0001.jsonl.json", "packed/20261120T10.0001.jsonl.zst"}
    for torn in ("20261120T10.0002.jsonl.zst", "20261120T10.0002.jsonl.zst.tmp", "20261120T10.json.tmp"):
        (spooled.root / "packed" / torn).write_bytes(b"half")
    with folders.locked():
        assert {name for name in spooled.names() if name.startswith("packed/")} == whole


def test_a_manifest_is_found_before_and_after_it_was_put(folders):
    assert folders.manifest(FIRST) is None
    kept = folders.keep_manifest(FIRST, b"{}")
    assert folders.manifest(FIRST) == kept
    folders.mark_committed(FIRST)
    moved = folders.manifest(FIRST)
    assert moved is not None
    assert (moved.parent.name, moved.read_bytes()) == ("uploaded", b"{}")


def test_an_hour_without_a_ledger_has_none(spooled, folders):
    spooled.ledger(FIRST)
    assert folders.ledger(FIRST) is not None
    assert folders.ledger(SECOND) is None


def test_deletes_exactly_what_it_is_given_and_counts_it(spooled, folders):
    spooled.hour(FIRST)
    spooled.hour(Hour.parse("2026-11-20T11"))
    folders.mark_uploaded(NAME, folders.pack(NAME, level=1)[1], here(NAME))
    assert folders.delete(Deletions(segments=(NAME,), ledgers=(FIRST,), manifests=(FIRST,))) == 3
    assert spooled.names() == ["sealed/20261120T11.0001.jsonl", "sealed/20261120T11.coverage.jsonl"]


@pytest.mark.parametrize("damage", [None, b"\x00", b'{"records":1}'])
def test_a_segment_is_uploaded_only_where_its_record_says(spooled, folders, damage: bytes | None):
    spooled.hour(FIRST)
    folders.mark_uploaded(NAME, folders.pack(NAME, level=1)[1], here(NAME, "old"))
    if damage:
        (spooled.root / "uploaded" / f"{NAME}.json").write_bytes(damage)
    assert folders.place(NAME) == (None if damage else here(NAME, "old"))
    found = folders.listing(here)
    assert (found.uploaded, found.elsewhere, found.waiting) == (frozenset(), {NAME}, {NAME})
    folders.make_room(here)
    assert folders.listing(here).sealed == {NAME}, "it is to be uploaded again"
    folders.keep_manifest(FIRST, b"{}")
    folders.mark_committed(FIRST)
    assert folders.listing(here).uploaded == {NAME}, "its manifest is where it is"
