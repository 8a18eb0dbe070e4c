import pytest

from tests.loader.contents import one
from tidemark.cli.main import main


def run(monkeypatch: pytest.MonkeyPatch, url: str) -> int:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", url)
    monkeypatch.setattr("sys.argv", ["tidemark", "migrate"])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_it_says_what_it_did(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> None:
    assert run(monkeypatch, postgres_url) == 0
    assert "applied 0001_schemas\n" in capsys.readouterr().out
    assert one(postgres_url, "SELECT count(*) FROM core.sale") == 0
    assert run(monkeypatch, postgres_url) == 0
    assert capsys.readouterr().out == "nothing to do: the warehouse is up to date\n"


def test_a_database_out_of_reach_is_one_clear_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "postgresql://someone:very-secret@127.0.0.1:1/warehouse") == 1
    said = capsys.readouterr().err
    assert said.startswith("tidemark: the warehouse (127.0.0.1:1")
    assert "very-secret" not in said
