"""How the collector is: what makes it ready, and how events are counted."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.spool.disk import Disk
from collector.spool.lock import held
from collector.status import Backlog, Status, backlog, by_type, inspect
from tidemark.core.errors import Problem

WELL: dict[str, Any] = {
    "collector": "collector-a",
    "software": "tidemark 0.1.0",
    "pid": 1,
    "at": "2026-11-22T15:00:00.000000Z",
    "started_at": "2026-11-22T14:00:00.000000Z",
    "hour": "2026-11-22T15",
    "expected": ("collection:*",),
    "joined": ("collection:*",),
    "uncovered": {},
    "connections": 1,
    "shortage": None,
    "unwritten_ledger": None,
    "clock_steps": 0,
    "received": {"item_sold": 3},
    "received_bytes": 900,
    "persisted": 3,
    "persisted_bytes": 900,
    "dropped": 0,
    "gaps": {"connecting": 1},
    "gap_seconds": {"connecting": 0.5},
    "lost": {},
    "failed": {},
    "connect_failures": {},
    "unconnected": None,
    "lag": 0.25,
    "last_event_age": 1.5,
    "sync_age": 0.5,
    "sync_limit": 20.0,
    "disk_free": 10**9,
    "pending_upload": 2,
    "oldest_pending_upload": 3600.0,
}


def test_joined_and_writing_is_ready() -> None:
    assert Status(**WELL).ready
    assert Status(**WELL).troubles == ()


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"uncovered": {"collection:*": "key_refused"}}, "collection:* is not covered: key_refused"),
        ({"shortage": "disk_full"}, "messages cannot be written: disk_full"),
        ({"unwritten_ledger": "disk_error"}, "the coverage ledger cannot be written: disk_error"),
        ({"shortage": "disk_full", "unwritten_ledger": "disk_full"}, "messages cannot be written: disk_full"),
        ({"sync_age": 33.0}, "nothing was safe on disk for 33 seconds"),
    ],
)
def test_every_trouble_has_its_sentence(change: dict[str, Any], trouble: str) -> None:
    status = Status(**WELL | change)
    assert status.troubles == (trouble,)
    assert not status.ready


def test_what_keeps_it_from_connecting_comes_first_and_only_while_something_is_not_covered() -> None:
    away = {"unconnected": "the Stream API at host: its name cannot be resolved (unreachable)"}
    status = Status(**WELL | away | {"uncovered": {"collection:*": "unreachable"}})
    assert status.troubles == (away["unconnected"], "collection:* is not covered: unreachable")
    assert Status(**WELL | away).ready


def test_a_status_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Status(**WELL)), type=Status) == Status(**WELL)


def test_hostile_names_are_one() -> None:
    received = {"item_sold": 5, 'x"} 1\ninjected 2': 1, "": 2, "Ä": 3, None: 4}
    assert by_type(received) == {"item_sold": 5, "other": 6, "unparsed": 4}


def test_without_a_spool_there_is_nothing_to_see(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="there is no spool"):
        inspect(tmp_path / "none")


def test_a_dead_collector_leaves_its_spool(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.prepare()
    disk.put_at("sealed/20261122T15.0001.jsonl", 0, b"{}\n")
    found = inspect(tmp_path)
    assert (found.pid, found.status) == (None, None)
    assert (found.backlog.pending_upload, found.last_entry) == (1, "2026-11-22T15:00:00.000000Z")
    assert found.disk_free > 0


def test_a_collector_that_does_not_answer_is_distinguished_from_a_dead_one(tmp_path: Path) -> None:
    with held(tmp_path) as lock:
        lock.publish("http://127.0.0.1:9")
        found = inspect(tmp_path)
    assert found.pid is not None
    assert found.status is None


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
