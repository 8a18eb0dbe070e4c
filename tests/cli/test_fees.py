"""`tidemark fees` says what it changed."""

import json

import pytest

from tests.sql.market import fees, fill, sale
from tests.support.command import run


def test_it_says_what_it_did(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_url: str
) -> None:
    fill(warehouse_url, [sale("20T10:00", "cats/1", "0xa", "0xb", "1", **fees("0.025", "0.05"))])
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", warehouse_url)
    status, out, _ = run(capsys, "fees")
    assert status == 0
    assert "sales with a fee of kind royalty: 1 before, 1 now\n" in out
    status, out, _ = run(capsys, "fees", "--json")
    assert status == 0
    assert json.loads(out) == {
        "before": {"marketplace": 1, "royalty": 1, "other": 0},
        "after": {"marketplace": 1, "royalty": 1, "other": 0},
        "changed": {},
    }
