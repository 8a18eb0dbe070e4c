"""Exact numbers and times, read from the forms that messages have used.

A number comes as a JSON number or as text, and is shifted and multiplied without rounding, never as a float. A time is
ISO 8601 with a zone, or seconds since 1970.
"""

import re
from datetime import datetime, timedelta
from decimal import Context, Decimal, Inexact
from functools import lru_cache

import msgspec
from msgspec import Raw

from tidemark.archive.record import EARLIEST, LATEST, ReceivedAt
from tidemark.core.timestamps import parse_timestamp
from tidemark.loader.transform.outcome import Reason, UnfitError

UINT256 = 2**256 - 1
LONGEST_UINT256 = 78
ZERO = Decimal(0)
LARGEST_DECIMALS = 77
_FORM = re.compile(rb"-?[0-9]{1,100}(?:\.[0-9]{1,100})?(?:[eE][+-]?[0-9]{1,2})?")
_after_epoch = msgspec.json.Decoder(datetime, strict=False).decode
_usual_time = msgspec.json.Decoder(ReceivedAt).decode
_USUAL_LENGTH = len('"2026-11-22T15:04:05.123456Z"')
_Z, _BACKSLASH = b"Z\\"
# Wide enough for any product of two numbers of that form; a lost digit is an error, not a rounding.
_EXACT = Context(prec=1000, traps=[Inexact])
# The stream sends a sale 1 to 22 seconds after it happened and has needed a minute in an incident; what comes later
# than this is a broadcast of an old sale, as in September 2022, when those of July came again.
REPLAYED_AFTER = timedelta(hours=1)
# No clock of ours is this slow: a time further ahead is wrong, and its sale would be the "newest" for years.
AHEAD = timedelta(days=1)


def number_of(raw: Raw, name: str) -> Decimal | None:
    """Read a number of zero or more, in its shortest form; None where it is absent, null or an empty string.

    Raises UnfitError for anything else. A number has at most 100 digits on either side of its point.
    """
    text = bytes(raw).strip(b'"')
    if text in {b"", b"null"}:
        return None
    number = _number(text)
    if number is None:
        raise UnfitError(Reason.MALFORMED, f"{name} is not a number: {bytes(raw)[:60]!r}")
    if number.is_signed():
        raise UnfitError(Reason.OUT_OF_RANGE, f"{name} is negative: {number}")
    return number


@lru_cache(maxsize=256)  # what a token is worth stays the same for many sales
def _number(text: bytes) -> Decimal | None:
    if not _FORM.fullmatch(text):
        return None
    return _EXACT.normalize(Decimal(text.decode())) or ZERO  # there is no minus zero


def whole_of(raw: Raw, name: str, most: int = UINT256) -> int | None:
    """Read a whole number from zero to `most`; None where it is unknown (see `number_of`). Raises UnfitError."""
    text = bytes(raw).strip(b'"')
    whole = int(text) if text.isdigit() and len(text) <= LONGEST_UINT256 else _whole(number_of(raw, name), name)
    if whole is not None and whole > most:
        raise UnfitError(Reason.OUT_OF_RANGE, f"{name} is more than {most}: {whole}")
    return whole


def decimals_of(raw: Raw, name: str) -> int | None:
    """Read how many decimals a token has (see `whole_of`). Raises UnfitError beyond 77."""
    return whole_of(raw, name, LARGEST_DECIMALS)


def rate_of(raw: Raw, name: str) -> Decimal | None:
    """Read a rate (see `number_of`); OpenSea sends 0 for one that it does not know. Raises UnfitError."""
    return number_of(raw, name) or None


def _whole(number: Decimal | None, name: str) -> int | None:
    if number is not None and number != number.to_integral_value():
        raise UnfitError(Reason.MALFORMED, f"{name} is not a whole number: {number}")
    return None if number is None else int(number)


def in_tokens(base_units: int | None, decimals: int | None) -> Decimal | None:
    """Turn base units into whole tokens: 1.5 for 15 with one decimal. None where either is unknown."""
    if base_units is None or decimals is None:
        return None
    return _EXACT.normalize(Decimal(base_units).scaleb(-decimals, _EXACT))


def product(amount: Decimal | None, rate: Decimal | None) -> Decimal | None:
    """Multiply exactly; None where either is unknown."""
    if amount is None or rate is None:
        return None
    return _EXACT.normalize(_EXACT.multiply(amount, rate))


def quotient(amount: Decimal | None, count: int | None) -> Decimal | None:
    """Divide exactly; None where either is unknown or the result has no end, as a third has none."""
    if amount is None or not count:
        return None
    if count == 1:
        return amount
    try:
        return _EXACT.normalize(_EXACT.divide(amount, Decimal(count)))
    except Inexact:
        return None


def even_share(amount: int | None, part: int | None, whole: int | None) -> int | None:
    """Return `amount` * `part` / `whole`; None where it is unknown or does not come out whole."""
    if not whole or amount is None or part is None:
        return None
    if part == whole:
        return amount
    if amount * part % whole:
        return None
    return amount * part // whole


def timestamp_of(raw: Raw, name: str) -> datetime | None:
    """Read a time as UTC, from text or number; None where it is absent, null or an empty string.

    Raises UnfitError where it is no time, has no zone, or lies outside 2015 to 2100, as 0 and milliseconds do.
    """
    text = bytes(raw)
    time: datetime | None
    # in the usual form msgspec reads what `parse_timestamp` does, in a quarter of the time
    if len(text) == _USUAL_LENGTH and text[-2] == _Z and _BACKSLASH not in text:
        try:
            time = _usual_time(text)
        except msgspec.DecodeError:  # a rare form of the same length
            time = _rare_time(text, name)
    else:
        time = _rare_time(text, name)
    if time is not None and not EARLIEST <= time < LATEST:
        raise UnfitError(Reason.OUT_OF_RANGE, f"{name} lies outside {EARLIEST:%Y} to {LATEST:%Y}: {time}")
    return time


def _rare_time(text: bytes, name: str) -> datetime | None:
    text = text.strip(b'"')
    if text in {b"", b"null"}:
        return None
    try:
        return _after_epoch(text.lstrip(b"0") or b"0") if text.isdigit() else parse_timestamp(text.decode())
    except (ValueError, msgspec.DecodeError):
        raise UnfitError(Reason.MALFORMED, f"{name} is not a time: {text[:60]!r}") from None
