"""The times of a sale, in every form the stream has used: ISO 8601 with a zone, or seconds since 1970."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import Raw

from archive.clock import EPOCH
from archive.moment import parse_moment
from loader.transform.outcome import Reason, UnfitError
from loader.transform.sale import SoldAtSource

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)  # before there was an NFT to sell
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
# The stream sends a sale 1 to 22 seconds after it happened and has needed a minute in an incident; what comes later
# than this is a broadcast of an old sale, as in September 2022, when those of July came again.
REPLAYED_AFTER = timedelta(hours=1)


def moment_of(raw: Raw, name: str) -> datetime | None:
    """Read a time as UTC, from text or number; None where it is absent, null or an empty string.

    Raises UnfitError where it is no time, has no zone, or lies outside 2015 to 2100.
    """
    text = bytes(raw).strip(b'"')
    if text in {b"", b"null"}:
        return None
    try:
        moment = _read(text)
    except (ValueError, OverflowError):
        raise UnfitError(Reason.MALFORMED, f"{name} is not a time: {text[:60]!r}") from None
    if not EARLIEST <= moment < LATEST:
        raise UnfitError(Reason.OUT_OF_RANGE, f"{name} lies outside {EARLIEST:%Y} to {LATEST:%Y}: {moment}")
    return moment


@lru_cache(maxsize=1024)  # a message says the same time two or three times, and so do its neighbours
def _read(text: bytes) -> datetime:
    return EPOCH + timedelta(seconds=int(text)) if text.isdigit() else parse_moment(text.decode())


def sold_at_of(
    transaction: datetime | None, closing: datetime | None, event: datetime | None
) -> tuple[datetime, SoldAtSource]:
    """Say when a sale happened: its transaction's time, else its closing's, else the event's.

    Raises UnfitError where there is none.
    """
    if transaction:
        return transaction, SoldAtSource.TRANSACTION
    if closing:
        return closing, SoldAtSource.CLOSING
    if event:
        return event, SoldAtSource.EVENT
    raise UnfitError(Reason.CUT, "the sale has no time: neither transaction, closing_date nor event_timestamp")


def is_replayed(sold_at: datetime, sent_at: datetime) -> bool:
    """Say whether a sale was sent so long after it happened that it is a broadcast of an old one."""
    return sent_at - sold_at > REPLAYED_AFTER
