"""A machine's collector at a glance, when it does not answer."""

from pathlib import Path

import pytest

from collector.glance import look
from collector.spool.disk import Disk
from collector.spool.lock import held
from tidemark.core.errors import Problem


def test_without_a_spool_there_is_nothing_to_see(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="there is no spool"):
        look(tmp_path / "none")


def test_a_dead_collector_leaves_its_spool(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.prepare()
    disk.put_at("sealed/20261122T15.0001.jsonl", 0, b"{}\n")
    found = look(tmp_path)
    assert (found.pid, found.status) == (None, None)
    assert (found.backlog.pending_upload, found.last_entry) == (1, "2026-11-22T15:00:00.000000Z")
    assert found.disk_free > 0


def test_a_collector_that_does_not_answer_is_told_from_a_dead_one(tmp_path: Path) -> None:
    with held(tmp_path) as lock:
        lock.publish("http://127.0.0.1:9")
        found = look(tmp_path)
    assert found.pid is not None
    assert found.status is None
