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
