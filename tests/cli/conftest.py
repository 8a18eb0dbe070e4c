"""The market of tests/sql, for what asks it."""

from tests.sql.conftest import market_url

__all__ = ["market_url"]
