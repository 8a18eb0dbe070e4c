"""`tidemark fees` says what it changed."""

import json

import pytest

from tests.sql.market import fees, fill, sale
from tidemark.cli.main import main


def run(monkeypatch: pytest.MonkeyPatch, url: str, *words: str) -> int:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", url)
    monkeypatch.setattr("sys.argv", ["tidemark", "fees", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_it_says_what_it_did(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_url: str
) -> None:
    fill(warehouse_url, [sale("20T10:00", "cats/1", "0xa", "0xb", "1", **fees("0.025", "0.05"))])
    assert run(monkeypatch, warehouse_url) == 0
    assert "sales with a fee of kind royalty: 1 before, 1 now\n" in capsys.readouterr().out
    assert run(monkeypatch, warehouse_url, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "before": {"marketplace": 1, "royalty": 1, "other": 0},
        "after": {"marketplace": 1, "royalty": 1, "other": 0},
        "changed": {},
    }
