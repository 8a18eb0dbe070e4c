"""Timestamps: UTC times as text with microseconds, `2026-11-22T15:04:05.123456Z`."""

from datetime import UTC, datetime


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
    return at.astimezone(UTC)
