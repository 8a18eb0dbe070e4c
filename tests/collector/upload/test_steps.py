from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from collector.upload.folders import UploadFolders
from collector.upload.steps import Steps
from tests.collector.upload.spooled import FIRST, Spooled, assert_archived
from tests.storage.memory import MemoryStore
from tidemark.archive.manifest import read_manifest
from tidemark.archive.names import SegmentName

ONE, TWO = SegmentName(FIRST, 1), SegmentName(FIRST, 2)


@pytest.fixture
def spooled(tmp_path: Path) -> Spooled:
    spooled = Spooled(tmp_path / "spool")
    spooled.hour(FIRST, segments=2)
    return spooled


@pytest.fixture
def spool(spooled: Spooled) -> Iterator[UploadFolders]:
    folders = UploadFolders(spooled.root)
    with folders.locked():
        yield folders


def steps(spooled: Spooled, spool: UploadFolders, store: MemoryStore, minutes: float) -> Steps:
    return Steps(spooled.settings(), spool, store, FIRST.end + timedelta(minutes=minutes))


def test_shipping_and_committing_make_an_hour(spooled: Spooled, spool: UploadFolders):
    store = MemoryStore()
    step = steps(spooled, spool, store, 5)
    assert [step.upload(name).created for name in (ONE, TWO)] == [True, True]
    committed = step.commit(FIRST)
    assert (committed.segments, committed.records, committed.created) == (2, 6, True)
    assert_archived(store.objects, spooled, FIRST)


def test_a_manifest_says_when_it_was_first_written_however_often_it_is_put(spooled: Spooled, spool: UploadFolders):
    store = MemoryStore()
    first = steps(spooled, spool, store, 5)
    first.upload(ONE)
    first.upload(TWO)
    key = first.commit(FIRST).key
    again = steps(spooled, spool, store, 50).commit
    (spooled.root / "uploaded" / "20261120T10.json").rename(spooled.root / "packed" / "20261120T10.json")
    assert again(FIRST).created is False
    manifest = read_manifest(store.objects[key])
    assert manifest.written_at == FIRST.end + timedelta(minutes=5)
    assert manifest.software.startswith("tidemark ")


def test_a_damaged_record_beside_a_packed_file_means_packing_again(spooled: Spooled, spool: UploadFolders):
    store = MemoryStore()
    spool.pack(ONE, level=1)
    (spooled.root / "packed" / f"{ONE}.json").write_bytes(b"\x00")
    assert steps(spooled, spool, store, 5).upload(ONE).created
    assert zstandard.decompress(store.objects.popitem()[1]) == spooled.segments[ONE]


def test_a_spoiled_record_of_a_shipped_segment_is_a_value_error(spooled: Spooled, spool: UploadFolders):
    step = steps(spooled, spool, MemoryStore(), 5)
    step.upload(ONE)
    (spooled.root / "uploaded" / f"{ONE}.json").write_bytes(b"\x00")
    with pytest.raises(ValueError, match=r".+"):
        step.commit(FIRST)
