from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pydantic import SecretStr
from sqlalchemy import text

import tidemark
from tests.sql.market import fill, sale
from tidemark.core.errors import Problem
from tidemark.storage.postgres import connected


def test_an_answer_is_an_arrow_table_with_exact_amounts(market_url: str) -> None:
    table = tidemark.query("daily_volume", url=market_url, collection="cats", from_=date(2026, 11, 20))
    assert isinstance(table, pa.Table)
    assert table.schema.field("volume_eth").type == pa.decimal128(38, 18)
    assert table.column("volume_eth").to_pylist() == [Decimal("4.5"), Decimal("53.2")]


def test_pandas_and_polars_keep_the_amounts_exact(market_url: str) -> None:
    table = tidemark.query("top_sales", url=market_url, limit=1)
    assert table.to_pandas()["price_usd"][0] == Decimal(100_000)
    polars = pytest.importorskip("polars")
    assert polars.from_arrow(table)["price_usd"].sum() == Decimal(100_000)
    assert polars.from_arrow(table)["sold_at"].dtype == polars.Datetime("us", "UTC")


def test_times_and_numbers_are_taken_as_they_are(market_url: str) -> None:
    at = datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert tidemark.query("sweeps", url=market_url, least=3, from_=at).num_rows == 1


def test_an_empty_answer_says_why(market_url: str) -> None:
    with pytest.warns(UserWarning, match="Did you mean cats"):
        assert tidemark.query("daily_volume", url=market_url, collection="Cats").num_rows == 0


def test_an_answer_says_what_it_lacks(warehouse_url: str) -> None:
    sales = [sale("20T10:00", "cats/1", "0xa", "0xb", "1"), sale("21T10:00", "cats/2", "0xa", "0xb", "1")]
    fill(warehouse_url, sales)
    with connected(SecretStr(warehouse_url)) as connection:
        connection.execute(text("INSERT INTO mart.stale_day (day) VALUES ('2026-11-21')"))
        connection.commit()
    with pytest.warns(UserWarning, match="Sales of 2026-11-21 are not scored yet"):
        assert tidemark.query("whales", url=warehouse_url, from_=date(2026, 11, 20)).num_rows == 2


def test_the_address_comes_from_the_environment(market_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", market_url)
    assert tidemark.query("chains").num_rows == 3


def test_mistakes_are_problems(market_url: str) -> None:
    with pytest.raises(Problem, match="there is no question 'daily_volum'"):
        tidemark.query("daily_volum", url=market_url)
    with pytest.raises(Problem, match="no parameter --wallet"):
        tidemark.query("chains", url=market_url, wallet="0xa")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tidemark.nothing
