"""The export of a real warehouse to a folder, a bucket and Iceberg tables, and what other engines read of it."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from tests.conftest import fresh_database
from tests.sql.market import ETH, fill, load, sale
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.marts import refresh_days
from tidemark.local.services.postgres import Postgres
from tidemark.local.services.s3 import S3Server
from tidemark.query.export_run import export_tables
from tidemark.query.exported import TABLES, Exported, rows_of
from tidemark.query.iceberg import IcebergLake
from tidemark.query.lake import Folder, Lake, ParquetLake
from tidemark.query.s3 import Bucket
from tidemark.storage.postgres import connected

SALES = [each for each in TABLES if each.name in ("sales", "collection_daily")]


@pytest.fixture
def market(postgres_server: Postgres, migrated: str) -> Iterator[str]:
    with fresh_database(postgres_server, migrated) as url:
        fill(url)
        yield url


@pytest.fixture(scope="module")
def one_database(postgres_server: Postgres, migrated: str) -> Iterator[str]:
    with fresh_database(postgres_server, migrated) as url:
        yield url


def exported(url: str, lake: Lake, tables: object = SALES, *, may_empty: bool = False) -> list[str]:
    said: list[str] = []
    export_tables(SecretStr(url), lake, tables, said.append, may_empty=may_empty)  # type: ignore[arg-type]
    return said


def change(url: str, statement: str) -> None:
    with connected(SecretStr(url)) as connection:
        connection.execute(text(statement))
        connection.commit()


def late_sale(url: str) -> None:
    """A sale of December, loaded with its hour, and scored."""
    with connected(SecretStr(url)) as connection:
        late = sale("12-01T10:00", "cats/1", "0xalice", "0xbob", "1.000000000000000001")
        load(connection, Hour.of(late["received_at"]).start, [late])
        connection.commit()
    refresh_days(SecretStr(url), log=lambda _: None)


def test_only_months_that_changed_are_written(market: str, tmp_path: Path) -> None:
    lake = ParquetLake(Folder(tmp_path))
    assert exported(market, lake) == [
        "sales: 0 months up to date, 1 to write, 0 to remove", "sales: 2026-11 written",
        "collection_daily: 0 months up to date, 1 to write, 0 to remove", "collection_daily: 2026-11 written",
    ]  # fmt: skip
    before = sorted(tmp_path.rglob("*.parquet"))
    assert exported(market, lake)[0] == "sales: 1 months up to date, 0 to write, 0 to remove"
    late_sale(market)
    assert "sales: 2026-12 written" in exported(market, lake)
    assert set(before) < set(tmp_path.rglob("*.parquet"))
    # an old month in which one value changes is written again, and its older file goes
    change(market, "UPDATE core.sale SET nft_name = 'late' WHERE token_id = '7'")
    assert exported(market, lake)[:2] == [
        "sales: 1 months up to date, 1 to write, 0 to remove", "sales: 2026-11 written",
    ]  # fmt: skip
    assert len(list((tmp_path / "sales" / "month=2026-11").iterdir())) == 1
    change(market, "DELETE FROM core.sale WHERE sold_at >= '2026-12-01Z'")
    assert "sales: 2026-12 removed, for the warehouse has none of it" in exported(market, lake)
    assert not (tmp_path / "sales" / "month=2026-12").exists()


@pytest.mark.parametrize("form", ["parquet", "iceberg"])
def test_a_warehouse_that_has_nothing_of_a_lake_removes_nothing_unasked(
    market: str, one_database: str, tmp_path: Path, form: str
) -> None:
    iceberg = IcebergLake.open(str(tmp_path), tmp_path / "catalog.db")
    lake: Lake = iceberg if form == "iceberg" else ParquetLake(Folder(tmp_path))
    exported(market, lake)
    with pytest.raises(Problem, match="sales: the warehouse has none of the months that are there, 2026-11 to 2026-11"):
        exported(one_database, lake)
    assert lake.months("sales") == lake.months("collection_daily") == ["2026-11"]
    exported(one_database, lake, may_empty=True)
    assert lake.months("sales") == lake.months("collection_daily") == []


def test_duckdb_reads_the_files_exactly(market: str, tmp_path: Path) -> None:
    late_sale(market)
    exported(market, ParquetLake(Folder(tmp_path)), TABLES)
    read = duckdb.connect()
    rows = read.execute(f"""
        SELECT month, count(*), sum(price_eth), sum(price_usd), count(*) FILTER (WHERE is_suspect)
        FROM read_parquet('{tmp_path}/sales/*/*.parquet', hive_partitioning = true) GROUP BY month ORDER BY month
    """).fetchall()
    with connected(SecretStr(market)) as connection:
        expected = connection.execute(
            text("""
            SELECT to_char(sold_at AT TIME ZONE 'UTC', 'YYYY-MM'), count(*), sum(price_eth), sum(price_usd),
                count(*) FILTER (WHERE is_suspect)
            FROM mart.sales GROUP BY 1 ORDER BY 1
        """)
        ).all()
    assert [tuple(map(str, row[:2])) + row[2:] for row in rows] == [
        tuple(map(str, row[:2])) + tuple(row[2:]) for row in expected
    ]
    assert {each.name for each in TABLES} == {folder.name for folder in tmp_path.iterdir()}


def absurd_sale(url: str) -> None:
    """A sale of 1.5 ETH whose token is announced with 0 decimals."""
    with connected(SecretStr(url)) as connection:
        row = sale("21T14:30", "cats/1", "0xalice", "0xbob", str(15 * 10**17), paid=(*ETH[:2], 0, *ETH[3:]))
        load(connection, Hour.of(row["received_at"]).start, [row])
        connection.commit()
    refresh_days(SecretStr(url), log=lambda _: None)


@pytest.mark.parametrize("form", ["parquet", "iceberg"])
def test_a_sale_with_wrong_decimals_holds_back_nothing_and_its_price_stays_as_text(
    market: str, tmp_path: Path, form: str
) -> None:
    absurd_sale(market)
    late_sale(market)
    iceberg = IcebergLake.open(str(tmp_path), tmp_path / "catalog.db")
    lake: Lake = iceberg if form == "iceberg" else ParquetLake(Folder(tmp_path))
    said = exported(market, lake, SALES[:1])
    assert said[1:] == [
        "sales: 2026-11 has NULL for values too large for a column: price_usd 1",
        "sales: 2026-11 written", "sales: 2026-12 written",
    ]  # fmt: skip
    table = iceberg.table("sales")
    rows = table.scan().to_arrow() if table else pq.read_table(tmp_path / "sales")
    (row,) = [each for each in rows.to_pylist() if each["is_implausible"]]
    assert (row["price"], row["price_eth"], row["price_usd"]) == (str(15 * 10**17), Decimal(15 * 10**17), None)
    assert rows.num_rows == 15
    assert exported(market, lake, SALES[:1]) == ["sales: 2 months up to date, 0 to write, 0 to remove"]


TOO_LARGE = Decimal(f"{10**20 - 1}.{'9' * 18}5")  # it and more is rounded to 21 digits
HUGE = Exported("huge", "huge", "at", "place")
AMOUNTS = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places),
    st.integers(-(2**256), 2**256) | st.sampled_from([10**38 - 1, 10**38, -(10**38), 10**39 - 1, 10**39 - 6]),
    st.integers(0, 40),
)  # fmt: skip


@given(st.lists(st.none() | AMOUNTS, min_size=1, max_size=30))
def test_a_month_holds_whatever_is_sold_in_it(one_database: str, amounts: list[Decimal | None]) -> None:
    said: list[str] = []
    with connected(SecretStr(one_database)) as connection:
        connection.execute(text("CREATE TEMP TABLE huge (at timestamptz, place int, price numeric, price_eth numeric)"))
        connection.execute(
            text("INSERT INTO huge VALUES ('2026-11-20Z', :place, :amount, :amount)"),
            [{"place": place, "amount": amount} for place, amount in enumerate(amounts)],
        )
        rows = pa.concat_tables(rows_of(connection, HUGE, "2026-11", said.append)).to_pylist()
    assert [None if row["price"] is None else Decimal(row["price"]) for row in rows] == amounts
    lost = 0
    for row, amount in zip(rows, amounts, strict=True):
        if amount is not None and amount.copy_abs() >= TOO_LARGE:
            lost += row["price_eth"] is None
        elif amount is not None:
            assert abs(row["price_eth"] - amount) <= Decimal("5e-19")
    assert lost == sum(amount is not None and amount.copy_abs() >= TOO_LARGE for amount in amounts)
    assert said == ([f"huge: 2026-11 has NULL for values too large for a column: price_eth {lost}"] if lost else [])


def test_every_month_has_the_same_schema(market: str, tmp_path: Path) -> None:
    late_sale(market)
    exported(market, ParquetLake(Folder(tmp_path)), TABLES)
    for table in TABLES:
        schemas = {str(pq.read_schema(file)) for file in (tmp_path / table.name).rglob("*.parquet")}
        assert len(schemas) == 1, table.name


def test_iceberg_tables_are_replaced_month_by_month_in_one_commit(market: str, tmp_path: Path) -> None:
    lake = IcebergLake.open(str(tmp_path), tmp_path / "catalog.db")
    exported(market, lake)
    assert exported(market, lake)[0] == "sales: 1 months up to date, 0 to write, 0 to remove"
    late_sale(market)
    change(market, "UPDATE core.sale SET nft_name = 'late' WHERE token_id = '7'")
    assert exported(market, lake)[0] == "sales: 0 months up to date, 2 to write, 0 to remove"
    table = IcebergLake.open(str(tmp_path), tmp_path / "catalog.db").table("sales")
    assert table is not None
    rows = table.scan(row_filter="collection_slug == 'dogs'").to_arrow()
    assert rows.column("nft_name").to_pylist() == ["late"]
    everything = table.scan().to_arrow()
    assert (everything.num_rows, sum(filter(None, everything.column("price_eth").to_pylist()))) == (
        14,
        Decimal("65.700000000000000001"),
    )
    assert table.scan(row_filter="month == '2026-12'").to_arrow().num_rows == 1
    change(market, "DELETE FROM core.sale WHERE sold_at >= '2026-12-01Z'")
    exported(market, lake)
    assert lake.months("sales") == ["2026-11"]


def test_a_bucket_is_written_like_a_folder(market: str, s3_server: S3Server, bucket: str, tmp_path: Path) -> None:
    client = s3_server.client()
    lake = ParquetLake(Bucket(client, bucket, "lake/"))
    exported(market, lake)
    assert exported(market, lake)[0] == "sales: 1 months up to date, 0 to write, 0 to remove"
    late_sale(market)
    change(market, "UPDATE core.sale SET nft_name = 'late' WHERE token_id = '7'")
    exported(market, lake)
    assert lake.months("sales") == ["2026-11", "2026-12"]
    change(market, "DELETE FROM core.sale WHERE sold_at >= '2026-12-01Z'")
    exported(market, lake)
    exported(market, ParquetLake(Folder(tmp_path)))
    stored = {each["Key"] for each in client.list_objects_v2(Bucket=bucket)["Contents"]}
    assert stored == {f"lake/{file.relative_to(tmp_path)}" for file in tmp_path.rglob("*.parquet")}
    for key in stored:
        body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        assert body == (tmp_path / key.removeprefix("lake/")).read_bytes()
        assert client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")["ChecksumSHA256"]


def test_a_file_in_a_bucket_is_put_once_and_never_overwritten(s3_server: S3Server, bucket: str) -> None:
    def one(file: BinaryIO) -> None:
        file.write(b"one")

    def two(file: BinaryIO) -> None:
        file.write(b"two")

    files = Bucket(s3_server.client(), bucket, "")
    for _ in range(2):
        files.put("sales/month=2026-11/f.parquet", one)
    with pytest.raises(Problem, match="is there already with other content"):
        files.put("sales/month=2026-11/f.parquet", two)
    assert s3_server.client().get_object(Bucket=bucket, Key="sales/month=2026-11/f.parquet")["Body"].read() == b"one"
    with pytest.raises(Problem, match="nowhere"):
        Bucket(s3_server.client(), "nowhere", "").names("sales")


class Interrupted(Folder):
    """A folder whose export is interrupted before an older file is deleted."""

    def delete(self, name: str) -> None:
        raise KeyboardInterrupt(name)


def test_an_export_that_broke_off_before_it_cleared_up_is_finished_by_the_next(market: str, tmp_path: Path) -> None:
    exported(market, ParquetLake(Folder(tmp_path)))
    change(market, "UPDATE core.sale SET nft_name = 'late' WHERE token_id = '7'")
    with pytest.raises(KeyboardInterrupt):
        exported(market, ParquetLake(Interrupted(tmp_path)))
    month = tmp_path / "sales" / "month=2026-11"
    assert len(list(month.iterdir())) == 2
    exported(market, ParquetLake(Folder(tmp_path)))
    (left,) = month.iterdir()
    assert "late" in pq.read_table(left).column("nft_name").to_pylist()
    assert exported(market, ParquetLake(Folder(tmp_path)))[0].startswith("sales: 1 months up to date, 0 to write")


def test_an_export_that_broke_off_leaves_the_older_month(market: str, tmp_path: Path) -> None:
    lake = ParquetLake(Folder(tmp_path))
    exported(market, lake)
    (before,) = (tmp_path / "sales" / "month=2026-11").iterdir()

    def broken() -> Iterator[object]:
        yield pq.read_table(before)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lake.write("sales", "2026-11", "another", broken())  # type: ignore[arg-type]
    assert lake.fingerprint("sales", "2026-11") == before.stem
    assert list((tmp_path / "sales" / "month=2026-11").glob("*.parquet")) == [before]
    assert pq.read_table(before).num_rows == 13
