import psycopg2
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.sql.market import fill
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.local.ports import free_port
from tidemark.query.page.postgres import reading

TEN = Hour.parse("2026-11-20T10")
pytestmark = pytest.mark.postgres


def test_an_empty_warehouse_has_no_hours(warehouse_url: str) -> None:
    with reading(SecretStr(warehouse_url)) as warehouse:
        assert warehouse.span() is None
        assert warehouse.quality(TEN, TEN) == warehouse.gaps([TEN]) == warehouse.loads([TEN]) == []
        assert set(warehouse.market(TEN, TEN, None)) == {"sales_by_hour", "top_collections", "latest_sales"}


def test_the_role_is_the_readers_and_nothing_can_be_written(warehouse_url: str) -> None:
    with reading(SecretStr(warehouse_url)) as warehouse:
        setting = (
            "current_setting('transaction_read_only') AS read_only, current_setting('statement_timeout') AS timeout"
        )
        state = f"SELECT current_user, {setting}"
        assert [tuple(row.values()) for row in warehouse._rows(state, {})] == [("tidemark_reader", "on", "4s")]
        with pytest.raises(Problem, match=r"may not read|read only"):
            warehouse._rows("UPDATE mart.collection_hourly SET sales = 0 RETURNING sales", {})
        assert warehouse.span() is None  # one refused query spoils no other


def test_a_query_that_takes_too_long_is_ended(warehouse_url: str) -> None:
    with reading(SecretStr(warehouse_url)) as warehouse:
        warehouse._connection.execute(text("SET LOCAL statement_timeout = '50ms'"))
        with pytest.raises(Problem, match="longer than this user may"):
            warehouse._rows("SELECT 1 AS one FROM pg_sleep(5)", {})


def test_a_user_who_may_not_take_the_readers_role_reads_as_itself(warehouse_url: str) -> None:
    connection = psycopg2.connect(warehouse_url)
    connection.autocommit = True
    name, host = "own_reader", warehouse_url.rpartition("@")[2]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'own'")
        cursor.execute(
            f"GRANT USAGE ON SCHEMA mart, core TO {name}; GRANT SELECT ON ALL TABLES IN SCHEMA mart TO {name}"
        )
        try:
            with reading(SecretStr(f"postgresql://{name}:own@{host}")) as warehouse:
                assert warehouse.span() is None
        finally:
            cursor.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    connection.close()


def test_a_warehouse_that_is_not_migrated_or_away_says_what_to_do(postgres_url: str) -> None:
    with reading(SecretStr(postgres_url)) as warehouse, pytest.raises(Problem, match="lacks what"):
        warehouse.span()
    away = SecretStr(f"postgresql://t:s3cret@127.0.0.1:{free_port()}/w")
    with pytest.raises(Problem) as raised, reading(away):
        pass
    assert "s3cret" not in str(raised.value)


def test_a_collection_filters_the_market_and_is_bound(warehouse_url: str) -> None:
    fill(warehouse_url)
    with reading(SecretStr(warehouse_url)) as warehouse:
        assert warehouse.span() == (TEN, Hour.parse("2026-11-21T14"))
        found = warehouse.market(TEN, Hour.parse("2026-11-21T23"), "cats")
        assert {row["collection"] for row in found["top_collections"]} == {"cats"}
        assert sum(row["sales"] for row in found["sales_by_hour"]) == 8  # type: ignore[misc]
        assert warehouse.market(TEN, TEN, "' OR true --")["latest_sales"] == []
        assert [row for row in warehouse.book(TEN, TEN, "cats") if row["floor"] is not None] == []
