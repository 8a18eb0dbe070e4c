import psycopg2
import pytest

from tests.loader.contents import one
from tests.support.command import run


def test_it_says_what_it_did(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", postgres_url)
    status, out, _ = run(capsys, "migrate")
    assert status == 0
    assert "applied 0001_schemas\n" in out
    assert one(postgres_url, "SELECT count(*) FROM core.sale") == 0
    assert run(capsys, "migrate")[:2] == (0, "nothing to do: the warehouse is up to date\n")


def test_what_is_missing_can_be_asked_and_applied_by_hand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", postgres_url)
    status, out, _ = run(capsys, "migrate", "--check")
    assert status == 1
    assert out.startswith("missing 0001_schemas\n")
    status, statements, _ = run(capsys, "migrate", "--sql")
    assert status == 0
    assert one(postgres_url, "SELECT to_regclass('core.sale')") is None
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for part in statements.split("\nCOMMIT;\n"):  # as psql does, a transaction at a time
            cursor.execute(part + "\nCOMMIT;" if "BEGIN;" in part else part)
    connection.close()
    assert run(capsys, "migrate", "--check")[:2] == (0, "the warehouse is up to date\n")
    assert run(capsys, "migrate")[:2] == (0, "nothing to do: the warehouse is up to date\n")
    assert run(capsys, "migrate", "--sql")[1].strip() == ""


def test_a_database_out_of_reach_is_one_clear_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", "postgresql://someone:very-secret@127.0.0.1:1/warehouse")
    status, _, said = run(capsys, "migrate")
    assert status == 1
    assert said.startswith("tidemark: the warehouse (127.0.0.1:1")
    assert "very-secret" not in said
