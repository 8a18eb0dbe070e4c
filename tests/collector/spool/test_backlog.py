"""What a spool still holds for the archive."""

from pathlib import Path

from collector.spool.backlog import Backlog, backlog
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
