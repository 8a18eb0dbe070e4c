"""Warehouses with the market of tests/sql/market.py."""

from collections.abc import Iterator

import pytest

from tests.conftest import fresh_database
from tests.sql.market import fill
from tidemark.local.services.postgres import Postgres


@pytest.fixture(scope="session")
def market_url(postgres_server: Postgres, migrated: str) -> Iterator[str]:
    """The address of a warehouse that holds the market. Read only."""
    with fresh_database(postgres_server, migrated) as url:
        fill(url)
        yield url


@pytest.fixture(scope="module")
def market_copy(postgres_server: Postgres, migrated: str) -> Iterator[str]:
    """The address of a warehouse that holds the market, for one test file to change."""
    with fresh_database(postgres_server, migrated) as url:
        fill(url)
        yield url


@pytest.fixture
def warehouse_pair(postgres_server: Postgres, migrated: str) -> Iterator[tuple[str, str]]:
    """The addresses of two fresh, empty warehouses."""
    with fresh_database(postgres_server, migrated) as one, fresh_database(postgres_server, migrated) as other:
        yield one, other
