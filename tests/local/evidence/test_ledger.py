from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.local.evidence.ledger import canonical, read
from tidemark.simulator.disk import LedgerFiles
from tidemark.simulator.ledger import Sent, Sold
from tidemark.simulator.message import SaleKey

TEN = Hour.parse("2026-11-20T10")
SALE = SaleKey("matic", "0x1", "0xc0", "7", "")


def sent(client: str, minutes: float, digest: str, sale: SaleKey | None = None) -> Sent:
    at = format_timestamp(TEN.start + timedelta(minutes=minutes))
    return Sent(at, client, 1, 1, "item_sold" if sale else "item_listed", digest, sale)


def test_a_ledger_is_summed_up_by_client_and_by_hour(tmp_path: Path) -> None:
    with LedgerFiles(tmp_path) as files:
        for entry in (
            sent("a", 1, "d1", SALE), sent("b", 1, "d1", SALE), sent("a", 2, "d2"),
            sent("b", 61, "d2"), sent("b", 62, "d3", SALE), Sold(format_timestamp(TEN.start), "tugboats", SALE),
        ):  # fmt: skip
            files.write(entry)
    ledger = read(tmp_path)
    assert {client: [each.digest for each in sent] for client, sent in ledger.sent.items()} == {
        "a": ["d1", "d2"],
        "b": ["d1", "d2", "d3"],
    }
    assert ledger.messages == Counter({TEN: 2, TEN.next(): 1})
    assert ledger.sales == Counter({TEN: 1, TEN.next(): 1})
    assert ledger.sold == {canonical(SALE)}
    assert ledger.sent["a"][0].sale == canonical(SALE)


def test_polygon_has_one_name() -> None:
    assert canonical(SALE).chain == "polygon"
    assert canonical(SaleKey("base", "0x1", "0xc0", "7", "")).chain == "base"


def test_a_torn_ledger_is_refused(tmp_path: Path) -> None:
    with LedgerFiles(tmp_path) as files:
        files.write(sent("a", 1, "d1"))
    with (tmp_path / "sent.jsonl").open("ab") as file:
        file.write(b'{"at":"2026-')
    with pytest.raises(ValueError, match="truncated"):
        read(tmp_path)
