"""Room under pressure: what the archive has goes first, and nothing else."""

from pathlib import Path

from collector.spool.disk import Disk
from collector.spool.room import make_room


def test_only_what_the_archive_has_is_deleted(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.prepare()
    for number in (1, 2):
        disk.put_at(f"sealed/20261122T14.000{number}.jsonl", 0, b"12345\n")
    assert make_room(disk) == 0
    (tmp_path / "uploaded").mkdir()
    disk.put_at("uploaded/20261122T14.0001.jsonl.json", 0, b"{}")
    assert make_room(disk) == 6
    assert disk.names("sealed") == ["20261122T14.0002.jsonl"]
    assert make_room(disk) == 0


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
    assert make_room(disk) == 6
    assert disk.names("sealed") == []
