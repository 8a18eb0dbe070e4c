"""The times of a sale, in every form the stream has used: ISO 8601 with a zone, or seconds since 1970."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import Raw

from tidemark.core.clock import EPOCH
from tidemark.core.timestamps import parse_timestamp
from tidemark.loader.transform.outcome import Reason, UnfitError
from tidemark.loader.transform.sale import SoldAtSource

EARLIEST = datetime(2015, 8, 7, tzinfo=UTC)  # before there was an NFT to sell
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
# The stream sends a sale 1 to 22 seconds after it happened and has needed a minute in an incident; what comes later
# than this is a broadcast of an old sale, as in September 2022, when those of July came again.
REPLAYED_AFTER = timedelta(hours=1)
# No clock of ours is this slow: a sale from further ahead is an invention, and would be the "newest" for years.
AHEAD = timedelta(days=1)


def moment_of(raw: Raw, name: str) -> datetime | None:
    """Read a time as UTC, from text or number; None where it is absent, null or an empty string.

    Raises UnfitError where it is no time, has no zone, or lies outside 2015 to 2100.
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
        moment = EPOCH + timedelta(seconds=int(text)) if text.isdigit() else parse_timestamp(text.decode())
    except (ValueError, OverflowError):
        raise UnfitError(Reason.MALFORMED, f"is not a time: {text[:60]!r}") from None
    if not EARLIEST <= moment < LATEST:
        raise UnfitError(Reason.OUT_OF_RANGE, f"lies outside {EARLIEST:%Y} to {LATEST:%Y}: {moment}")
    return moment


def sold_at_of(
    transaction: datetime | None, closing: datetime | None, event: datetime | None, received_at: datetime
) -> tuple[datetime, SoldAtSource]:
    """Say when a sale happened: its transaction's time, else its closing's, else the event's.

    Raises UnfitError where there is none, and where it lies more than a day after the sale was received.
    """
    told = (SoldAtSource.TRANSACTION, transaction), (SoldAtSource.CLOSING, closing), (SoldAtSource.EVENT, event)
    for source, moment in told:
        if moment:
            if moment > received_at + AHEAD:
                raise UnfitError(Reason.OUT_OF_RANGE, f"sold at {moment}, but received at {received_at}")
            return moment, source
    raise UnfitError(Reason.CUT, "the sale has no time: neither transaction, closing_date nor event_timestamp")


def is_replayed(sold_at: datetime, sent_at: datetime) -> bool:
    """Say whether a sale was sent so long after it happened that it is a broadcast of an old one."""
    return sent_at - sold_at > REPLAYED_AFTER
