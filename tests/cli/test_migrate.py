import psycopg2
import pytest

from tests.conftest import administer
from tests.loader.contents import one, query
from tests.support.command import run
from tidemark.local.services.postgres import Postgres


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


def test_rights_that_are_missing_are_listed_printed_and_granted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_url: str
) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", warehouse_url)
    revoke = "REVOKE ALL ON ALL TABLES IN SCHEMA core, mart, ops FROM tidemark_loader"
    query(warehouse_url, revoke)
    asked = (1, "missing rights of tidemark_loader and tidemark_reader\n")
    assert run(capsys, "migrate", "--check")[:2] == asked
    query(warehouse_url, run(capsys, "migrate", "--sql")[1])
    assert run(capsys, "migrate", "--check")[:2] == (0, "the warehouse is up to date\n")
    query(warehouse_url, revoke)
    assert run(capsys, "migrate")[0] == 0
    assert run(capsys, "migrate", "--check")[:2] == (0, "the warehouse is up to date\n")


@pytest.mark.parametrize("options", [[], ["--check"], ["--sql"]], ids=" ".join)
def test_a_warehouse_of_a_newer_version_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_url: str, options: list[str]
) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", warehouse_url)
    query(warehouse_url, "INSERT INTO ops.schema_migration VALUES ('9999_newer')")
    status, out, said = run(capsys, "migrate", *options)
    assert (status, out) == (1, "")
    assert "this version of Tidemark does not have the warehouse's migrations 9999_newer" in said
    assert "Install the version that applied them" in said


@pytest.mark.parametrize("options", [[], ["--check"], ["--sql"]], ids=" ".join)
def test_an_encoding_that_cannot_hold_every_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_server: Postgres, options: list[str]
) -> None:
    administer(
        postgres_server, "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", postgres_server.url("ascii"))
    status, out, said = run(capsys, "migrate", *options)
    administer(postgres_server, "DROP DATABASE ascii WITH (FORCE)")
    assert (status, out) == (1, "")
    assert "the database ascii has the encoding SQL_ASCII" in said


def test_a_database_out_of_reach_is_one_clear_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", "postgresql://someone:very-secret@127.0.0.1:1/warehouse")
    status, _, said = run(capsys, "migrate")
    assert status == 1
    assert said.startswith("tidemark: the warehouse (127.0.0.1:1")
    assert "very-secret" not in said
