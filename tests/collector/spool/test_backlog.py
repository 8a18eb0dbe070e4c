"""What a spool still holds for the archive, and what may go because the archive has it."""

from pathlib import Path

from collector.spool.backlog import Backlog, backlog, evict
from collector.spool.disk import Disk


def test_what_is_sealed_and_not_shipped_waits(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.prepare()
    assert backlog(disk) == Backlog(open=0, pending_upload=0, pending_upload_bytes=0, oldest=None)
    for name in (
        "20261122T14.0001.jsonl",
        "20261122T15.0001.jsonl",
        "20261122T16.0002.jsonl",
        "20261122T14.coverage.jsonl",
    ):
        disk.put_at(f"sealed/{name}", 0, b"12345\n")
    disk.put_at("open/20261122T16.0003.jsonl", 0, b"x\n")
    (tmp_path / "uploaded").mkdir()
    disk.put_at("uploaded/20261122T14.0001.jsonl.json", 0, b"{}")
    assert backlog(disk) == Backlog(open=1, pending_upload=2, pending_upload_bytes=12, oldest="2026-11-22T15")


def test_only_what_the_archive_has_is_deleted(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.prepare()
    for number in (1, 2):
        disk.put_at(f"sealed/20261122T14.000{number}.jsonl", 0, b"12345\n")
    assert evict(disk) == 0
    (tmp_path / "uploaded").mkdir()
    disk.put_at("uploaded/20261122T14.0001.jsonl.json", 0, b"{}")
    assert evict(disk) == 6
    assert disk.names("sealed") == ["20261122T14.0002.jsonl"]
    assert evict(disk) == 0


class Crowded(Disk):
    """A spool in which an upload deletes a file between the look at it and its removal."""

    def size(self, path: str) -> int:
        size = super().size(path)
        if path.endswith("0001.jsonl"):
            super().remove(path)
        return size


def test_what_an_upload_deleted_first_is_skipped_and_not_counted(tmp_path: Path) -> None:
    disk = Crowded(tmp_path)
    disk.prepare()
    (tmp_path / "uploaded").mkdir()
    for number in (1, 2):
        disk.put_at(f"sealed/20261122T14.000{number}.jsonl", 0, b"12345\n")
        disk.put_at(f"uploaded/20261122T14.000{number}.jsonl.json", 0, b"{}")
    assert evict(disk) == 6
    assert disk.names("sealed") == []
