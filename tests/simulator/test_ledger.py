from pathlib import Path

import pytest

from tidemark.core.errors import Problem
from tidemark.simulator.ledger import Fired, LedgerFiles, Sent, Sold, read_ledger, sold_line
from tidemark.simulator.message import Message, SaleKey

AT = "2026-11-22T15:00:00.000000Z"
KEY = SaleKey("base", "0x1", "0x2", "3", "")
SENT = Sent(AT, "a", 1, 1, "item_sold", "00", KEY)
FIRED = Fired(AT, "a", 1, "reset", {})


@pytest.mark.parametrize(
    "entry",
    [
        Sent(AT, "collector-a", 1, 1, "item_sold", "0123456789abcdef", KEY),
        Sent(AT, "collector-a", 1, 2, "unparsed", "0123456789abcdef"),
        Sold(AT, "seals", KEY),
        Fired(AT, "collector-a", None, "refuse", {"status": 502, "seconds": None}),
    ],
)
def test_lines_read_back(tmp_path: Path, entry: Sent | Sold | Fired) -> None:
    with LedgerFiles(tmp_path) as ledger:
        ledger.write(entry)
    assert list(read_ledger(tmp_path, type(entry))) == [entry]


def test_a_torn_line_is_a_value_error(tmp_path: Path) -> None:
    (tmp_path / "sales.jsonl").write_bytes(b'{"at":"2026')
    with pytest.raises(ValueError, match="truncated"):
        list(read_ledger(tmp_path, Sold))


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
    with pytest.raises(Problem, match="cannot be written"), LedgerFiles(tmp_path / "file"):
        pass


def test_a_new_ledger_replaces_an_earlier_one(tmp_path: Path) -> None:
    for _ in range(2):
        with LedgerFiles(tmp_path) as ledger:
            ledger.write(SENT)
    assert list(read_ledger(tmp_path, Sent)) == [SENT]


def test_a_full_disk_is_a_problem_and_the_files_are_closed(tmp_path: Path) -> None:
    (tmp_path / "sent.jsonl").symlink_to("/dev/full")
    with pytest.raises(Problem, match="No space left"), LedgerFiles(tmp_path) as ledger:
        ledger.write(SENT)


def test_a_sale_is_written_down_with_what_was_paid() -> None:
    body = (
        b'{"event_type":"item_sold","payload":{"closing_date":"2026-11-22T14:59:50.000000Z","quantity":3,'
        b'"sale_price":"1399999999999999911","payment_token":{"symbol":"WETH","decimals":18}}}'
    )
    sold = sold_line(Message("item_sold", "seals", body, KEY), AT)
    assert sold == Sold(AT, "seals", KEY, "2026-11-22T14:59:50.000000Z", 3, "1399999999999999911", "WETH")


def test_what_a_recording_cut_is_unknown() -> None:
    assert sold_line(Message("item_sold", None, b'{"payload":{}}', KEY), AT) == Sold(AT, None, KEY)


def test_what_is_no_sale_has_no_line() -> None:
    with pytest.raises(ValueError, match="item_listed"):
        sold_line(Message("item_listed", "seals", b"{}"), AT)
