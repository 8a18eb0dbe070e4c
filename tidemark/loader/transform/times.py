"""The times of a sale, in every form the stream has used: ISO 8601 with a zone, or seconds since 1970."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import Raw

from tidemark.core.clock import EPOCH
from tidemark.core.timestamps import parse_timestamp
from tidemark.loader.transform.outcome import Reason, UnfitError

EARLIEST = datetime(2015, 8, 7, tzinfo=UTC)  # before there was an NFT to sell
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
# The stream sends a sale 1 to 22 seconds after it happened and has needed a minute in an incident; what comes later
# than this is a broadcast of an old sale, as in September 2022, when those of July came again.
REPLAYED_AFTER = timedelta(hours=1)
# No clock of ours is this slow: a time further ahead is wrong, and its sale would be the "newest" for years.
AHEAD = timedelta(days=1)


def timestamp_of(raw: Raw, name: str) -> datetime | None:
    """Read a time as UTC, from text or number; None where it is absent, null or an empty string.

    Raises UnfitError where it is no time, has no zone, or lies outside 2015 to 2100, as 0 and milliseconds do.
    """
    try:
        return _read(bytes(raw))
    except UnfitError as unfit:
        raise UnfitError(unfit.reason, f"{name} {unfit.detail}") from None


@lru_cache(maxsize=1024)  # a message says the same time two or three times, and so do its neighbours
def _read(raw: bytes) -> datetime | None:
    text = raw.strip(b'"')
    if text in {b"", b"null"}:
        return None
    try:
        time = EPOCH + timedelta(seconds=int(text)) if text.isdigit() else parse_timestamp(text.decode())
    except (ValueError, OverflowError):
        raise UnfitError(Reason.MALFORMED, f"is not a time: {text[:60]!r}") from None
    if not EARLIEST <= time < LATEST:
        raise UnfitError(Reason.OUT_OF_RANGE, f"lies outside {EARLIEST:%Y} to {LATEST:%Y}: {time}")
    return time
