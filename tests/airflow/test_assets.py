import pytest

from tidemark.airflow.assets import ARCHIVE, DAILY, SALES, archive_address, warehouse_address


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "postgres://tidemark-warehouse:5432/tidemark"),
        ({"TIDEMARK_WAREHOUSE_URL": "postgresql://me:p%40ss@db.example:6543/nft?sslmode=require"}, "postgres://db.example:6543/nft"),
        ({"TIDEMARK_WAREHOUSE_URL": "postgresql://me@db.example/nft"}, "postgres://db.example:5432/nft"),
        ({"TIDEMARK_WAREHOUSE_URL": "postgresql:///nft?host=/run/postgresql"}, "postgres://localhost:5432/nft"),
        ({"AIRFLOW_CONN_TIDEMARK_WAREHOUSE": "postgres://me:secret@a/b"}, "postgres://a:5432/b"),
        (
            {
                "AIRFLOW_CONN_TIDEMARK_WAREHOUSE": '{"conn_type": "postgres", "host": "a", "port": 1, "schema": "b c"}',
                "TIDEMARK_WAREHOUSE_URL": "postgresql://other/one",
            },
            "postgres://a:1/b%20c",
        ),
        ({"AIRFLOW_CONN_TIDEMARK_WAREHOUSE": "{broken"}, "postgres://tidemark-warehouse:5432/tidemark"),
        ({"TIDEMARK_WAREHOUSE_URL": "postgresql://h:port/x"}, "postgres://tidemark-warehouse:5432/tidemark"),
    ],
)  # fmt: skip
def test_the_warehouses_address_holds_no_user_and_no_password(environ: dict[str, str], address: str) -> None:
    assert warehouse_address(environ) == address


def test_the_archives_address_is_that_of_its_manifests() -> None:
    assert archive_address({"TIDEMARK_BUCKET": "tide", "TIDEMARK_PREFIX": "nft/"}) == "s3://tide/nft/manifests"


def test_addresses_are_as_the_schemes_of_airflows_providers_want_them() -> None:
    assert ARCHIVE.uri.startswith("s3://")
    for asset in (SALES, *DAILY):
        scheme, _, host, database, schema, table = asset.uri.split("/")
        assert (scheme, schema, table) == ("postgres:", "core" if table == "sale" else "mart", table)
        assert host
        assert database
    assert [asset.name for asset in (SALES, *DAILY)] == ["sales", "collection_daily", "wallet_daily", "sale_flags"]
