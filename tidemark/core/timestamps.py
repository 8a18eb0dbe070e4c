"""Timestamps: UTC times as text with microseconds, `2026-11-22T15:04:05.123456Z`."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def format_timestamp(at: datetime) -> str:
    """Print an aware time as UTC with exactly six decimals.

    Raises ValueError for a time without a zone: guessing one would shift whole hours.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; pass an aware time")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_timestamp(text: str) -> datetime:
    """Read an ISO 8601 time with a zone, in any of the forms the stream has used, as UTC.

    Raises ValueError for anything else, also for a time without a zone.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it as 2026-11-22T15:04:05.123456Z")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 in UTC") from None


def parse_http_date(text: str) -> datetime | None:
    """Read a header's date, `Sun, 22 Nov 2026 15:04:05 GMT`, as an aware time; None for anything else."""
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, LookupError, OverflowError):  # the library's, for a number that none can be
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
