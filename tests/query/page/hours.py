"""Rows of `hour_quality` and hours made of them, for tests of what the page says of them."""

from decimal import Decimal
from typing import Any

from tidemark.core.hour import Hour
from tidemark.query.coverage import HourCoverage

WHOLE: dict[str, Any] = {
    "collectors": ["a", "b"], "covered_percent": Decimal(100), "covered_twice_percent": Decimal(100),
    "repaired_percent": Decimal(0), "open_s": Decimal(0), "gaps": {}, "sales": 3, "seen_by": {"a+b": 3},
    "missed_estimate": Decimal(0), "missed_low": Decimal(0), "missed_high": Decimal(1), "recovered": 0,
    "audited_share": None, "api_sales": None, "api_unseen": None, "api_unseen_uncovered": None,
    "loss": None, "loss_low": None, "loss_high": None, "quarantined": 0,
}  # fmt: skip


def loaded(key: str, **changes: Any) -> HourCoverage:
    """Return an hour that was loaded, whole but for the changes."""
    hour = Hour.parse(key)
    return HourCoverage(hour, {"hour": hour.start, **WHOLE, **changes})


def not_loaded(key: str) -> HourCoverage:
    """Return an hour that was not loaded."""
    return HourCoverage(Hour.parse(key), {})
