from pathlib import Path

import pytest

from tidemark.core.errors import Problem
from tidemark.simulator.disk import LedgerFiles, read_ledger
from tidemark.simulator.ledger import Fired, Sent, Sold
from tidemark.simulator.message import SaleKey

AT = "2026-11-22T15:00:00.000000Z"
SENT = Sent(AT, "a", 1, 1, "item_sold", "00", SaleKey("base", "0x1", "0x2", "3", ""))
FIRED = Fired(AT, "a", 1, "reset", {})


def test_what_is_written_is_read_after_a_flush(tmp_path: Path) -> None:
    with LedgerFiles(tmp_path / "ledger") as ledger:
        ledger.write(SENT)
        ledger.write(FIRED)
        ledger.write(SENT)
        ledger.flush()
        assert list(read_ledger(tmp_path / "ledger", Sent)) == [SENT, SENT]
        assert list(read_ledger(tmp_path / "ledger", Fired)) == [FIRED]
        assert list(read_ledger(tmp_path / "ledger", Sold)) == []


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="cannot be written"):
        LedgerFiles(tmp_path / "file")


def test_closing_writes_what_is_left(tmp_path: Path) -> None:
    with LedgerFiles(tmp_path) as ledger:
        ledger.write(SENT)
    assert list(read_ledger(tmp_path, Sent)) == [SENT]


def test_a_new_ledger_replaces_an_earlier_one(tmp_path: Path) -> None:
    for _ in range(2):
        with LedgerFiles(tmp_path) as ledger:
            ledger.write(SENT)
    assert list(read_ledger(tmp_path, Sent)) == [SENT]


def test_a_full_disk_is_a_problem_and_the_files_are_closed(tmp_path: Path) -> None:
    (tmp_path / "sent.jsonl").symlink_to("/dev/full")
    ledger = LedgerFiles(tmp_path)
    ledger.write(SENT)
    with pytest.raises(Problem, match="No space left"):
        ledger.close()
