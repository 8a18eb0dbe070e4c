import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from pydantic import SecretStr

from tests.loader.contents import query
from tidemark.check.report import Result, run_checks
from tidemark.check.warehouse import reading_checks, warehouse_checks
from tidemark.local.services.postgres import Postgres

pytestmark = pytest.mark.postgres


def results(url: str) -> dict[str, Result]:
    return {result.check: result for result in run_checks("loader", warehouse_checks(SecretStr(url)))}


@pytest.fixture
def clerk(warehouse_url: str) -> Iterator[str]:
    """The address of the warehouse for a user without any right."""
    query(warehouse_url, "CREATE ROLE check_clerk LOGIN PASSWORD 's3cret'")
    head, _, place = warehouse_url.partition("@")
    yield f"{head.rpartition('//')[0]}//check_clerk:s3cret@{place}"
    query(warehouse_url, "DROP OWNED BY check_clerk; DROP ROLE check_clerk")


def test_a_migrated_warehouse_passes_and_a_superuser_is_a_warning(warehouse_url: str) -> None:
    found = results(warehouse_url)
    states = {check: result.state for check, result in found.items()}
    passed = dict.fromkeys(("warehouse", "encoding", "migrations", "roles"), "ok")
    assert states.items() >= {**passed, "rights": "warning"}.items()
    assert "the clocks agree" in found["warehouse"].note


def test_a_user_without_rights_gets_the_missing_role(warehouse_url: str, clerk: str) -> None:
    found = results(clerk)["rights"]
    assert found.state == "failed"
    assert "tidemark_loader" in found.hint
    query(warehouse_url, "GRANT tidemark_loader TO check_clerk")
    assert results(clerk)["rights"].state == "ok"


@pytest.mark.parametrize(
    ("setting", "state", "hint"),
    [
        (
            "default_transaction_read_only = on",
            "failed",
            "ALTER ROLE check_clerk SET default_transaction_read_only = off",
        ),
        ("statement_timeout = '7s'", "warning", "ALTER ROLE check_clerk SET statement_timeout = 0"),
        ("transaction_timeout = '7s'", "ok", ""),  # lifted for whoever loads
    ],
)
def test_a_setting_that_ends_a_load_is_named(
    warehouse_url: str, clerk: str, setting: str, state: str, hint: str
) -> None:
    query(warehouse_url, f"GRANT tidemark_loader TO check_clerk; ALTER ROLE check_clerk SET {setting}")
    found = results(clerk)["rights"]
    assert (found.state, found.hint) == (state, f"As the owner: {hint}" if hint else "")


def test_a_user_who_may_write_without_the_role_keeps_the_limits_and_is_warned(warehouse_url: str, clerk: str) -> None:
    query(warehouse_url, "GRANT tidemark_reader TO check_clerk; GRANT USAGE ON SCHEMA ops TO check_clerk")
    query(warehouse_url, "GRANT INSERT ON core.sale_row, ops.load_run, mart.hour_quality TO check_clerk")
    assert results(clerk)["rights"].state == "ok"
    query(warehouse_url, "ALTER ROLE check_clerk SET transaction_timeout = '7s'")
    assert "transaction_timeout = 7s" in results(clerk)["rights"].note


def test_who_only_asks_needs_the_role_of_readers(warehouse_url: str, clerk: str) -> None:
    def found() -> dict[str, Result]:
        return {each.check: each for each in run_checks("reader", reading_checks(SecretStr(clerk)))}

    assert (found()["reading"].state, "GRANT tidemark_reader TO check_clerk" in found()["reading"].hint) == (
        "failed",
        True,
    )
    query(warehouse_url, "GRANT tidemark_reader TO check_clerk")
    assert {each.state for each in found().values()} == {"ok"}


def test_a_reader_without_limits_is_a_warning_until_it_has_those_of_the_page(warehouse_url: str, clerk: str) -> None:
    assert "check_clerk" not in results(warehouse_url)["readers"].note
    query(warehouse_url, "GRANT tidemark_reader TO check_clerk")
    assert results(warehouse_url)["readers"].state == "warning"
    assert "check_clerk" in results(warehouse_url)["readers"].note
    page = (Path(__file__).parents[2] / "docs" / "analyst.md").read_text()
    limits = re.findall(r"^    (ALTER ROLE ann .*;)$", page, re.MULTILINE)
    query(warehouse_url, "\n".join(limits).replace("ann", "check_clerk"))
    assert "check_clerk" not in results(warehouse_url)["readers"].note


def test_a_database_that_is_empty_or_not_utf8_fails(warehouse_url: str, postgres_server: Postgres) -> None:
    with closing(psycopg2.connect(postgres_server.url())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS check_latin")
            cursor.execute("CREATE DATABASE check_latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    found = results(postgres_server.url("check_latin"))
    assert {check for check, result in found.items() if result.state == "failed"} == {
        "encoding",
        "migrations",
        "rights",
    }
    assert found["migrations"].hint == "Run: tidemark migrate"


def test_a_server_out_of_reach_fails_each_check_without_its_password() -> None:
    found = results("postgresql://me:s3cret@127.0.0.1:1/warehouse")
    assert {result.state for result in found.values()} == {"failed"}
    assert "the connection was refused" in found["warehouse"].note
    assert "s3cret" not in str(found)
