"""The market of tests/sql, for what asks it, and a warehouse that the tests of a file share."""

from collections.abc import Iterator

import pytest

from tests.conftest import fresh_database
from tests.sql.conftest import market_url
from tidemark.local.services.postgres import Postgres

__all__ = ["market_url"]


@pytest.fixture(scope="module")
def warehouse(postgres_server: Postgres, migrated: str) -> Iterator[str]:
    """The address of a warehouse with every migration applied."""
    with fresh_database(postgres_server, migrated) as url:
        yield url
