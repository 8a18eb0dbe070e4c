"""Numbers are exact in every form; times are bounded and in UTC."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import Raw

from tidemark.archive.record import EARLIEST, LATEST
from tidemark.core.clock import EPOCH
from tidemark.core.timestamps import format_timestamp, parse_timestamp
from tidemark.loader.transform.outcome import Reason, UnfitError
from tidemark.loader.transform.values import (
    UINT256,
    even_share,
    in_tokens,
    number_of,
    product,
    quotient,
    timestamp_of,
    whole_of,
)


def raw(value: object) -> Raw:
    return Raw(json.dumps(value))


@given(st.integers(0, UINT256), st.booleans())
def test_a_whole_number_reads_the_same_as_a_number_and_as_text(value: int, quoted: bool) -> None:
    assert whole_of(raw(str(value) if quoted else value), "price") == value


@pytest.mark.parametrize("text", [b"", b"null", b'""'])
def test_what_is_not_there_is_unknown(text: bytes) -> None:
    assert number_of(Raw(text), "price") is None
    assert whole_of(Raw(text), "price") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"1.0479044511256843e+77", Decimal(104790445112568430) * 10**60),
        (b'"1805.279999999999973000"', Decimal("1805.279999999999973")),
        (b"0.1", Decimal("0.1")),
        (b"-0", Decimal(0)),
        (b'"0.00"', Decimal(0)),
    ],
)
def test_a_number_is_what_is_written(text: bytes, value: Decimal) -> None:
    read = number_of(Raw(text), "rate")
    assert read == value
    assert not str(read).startswith("-")


def test_a_whole_number_may_be_written_with_an_exponent() -> None:
    assert whole_of(Raw(b"1e18"), "price") == 10**18
    assert whole_of(Raw(b'"15.00"'), "price") == 15


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'"NaN"', Reason.MALFORMED),
        (b'"Infinity"', Reason.MALFORMED),
        (b'"1_000"', Reason.MALFORMED),
        (b'" 1"', Reason.MALFORMED),
        (b'"\xd9\xa1"', Reason.MALFORMED),
        (b'"0x10"', Reason.MALFORMED),
        (b"true", Reason.MALFORMED),
        (b"[1]", Reason.MALFORMED),
        (b'{"a":1}', Reason.MALFORMED),
        (b"1e999999999", Reason.MALFORMED),
        (b"1.5", Reason.MALFORMED),
        (b"9" * 101, Reason.MALFORMED),
        (b"-1", Reason.OUT_OF_RANGE),
        (str(UINT256 + 1).encode(), Reason.OUT_OF_RANGE),
        (b"1e99", Reason.OUT_OF_RANGE),
    ],
)
def test_anything_else_is_no_whole_number(text: bytes, reason: Reason) -> None:
    with pytest.raises(UnfitError, match="price") as caught:
        whole_of(Raw(text), "price")
    assert caught.value.reason is reason


@given(st.integers(0, UINT256), st.integers(0, 77))
def test_tokens_are_base_units_with_the_point_moved(base_units: int, decimals: int) -> None:
    tokens = in_tokens(base_units, decimals)
    assert tokens is not None
    assert Fraction(tokens) == Fraction(base_units, 10**decimals)


rates = st.from_regex(r"[0-9]{1,60}\.[0-9]{1,60}", fullmatch=True)


@given(st.integers(0, UINT256), rates)
def test_a_product_loses_no_digit(amount: int, rate: str) -> None:
    worth = product(in_tokens(amount, 18), number_of(raw(rate), "rate"))
    assert worth is not None
    assert Fraction(worth) == Fraction(amount, 10**18) * Fraction(rate)


@given(st.integers(0, UINT256), st.integers(1, 10**6))
def test_a_quotient_is_exact_or_unknown(amount: int, count: int) -> None:
    share = quotient(in_tokens(amount, 18), count)
    endless = Fraction(amount, count).denominator
    while endless % 2 == 0:
        endless //= 2
    while endless % 5 == 0:
        endless //= 5
    assert (share is None) == (endless != 1)
    assert share is None or Fraction(share) == Fraction(amount, 10**18) / count


def test_what_is_made_of_the_unknown_is_unknown() -> None:
    assert in_tokens(None, 18) is None
    assert in_tokens(5, None) is None
    assert product(None, Decimal(1)) is None
    assert product(Decimal(1), None) is None
    assert quotient(Decimal(1), None) is None
    assert quotient(Decimal(1), 0) is None
    assert even_share(10, 1, 0) is None


@given(st.integers(0, UINT256), st.integers(0, 9), st.integers(1, 9))
def test_a_share_is_exact(amount: int, part: int, whole: int) -> None:
    share = Fraction(amount * part, whole)
    assert even_share(amount, part, whole) == (share if share.denominator == 1 else None)


def test_a_share_comes_out_whole_or_not_at_all() -> None:
    assert even_share(10, 3, 5) == 6
    assert even_share(10, 1, 3) is None


@pytest.mark.parametrize(
    ("text", "time"),
    [
        (b'"2024-01-22T06:16:20.121651+00:00"', datetime(2024, 1, 22, 6, 16, 20, 121651, UTC)),
        (b'"2026-09-09T10:18:39.860000Z"', datetime(2026, 9, 9, 10, 18, 39, 860000, UTC)),
        (b'"2026-W37-3T10:18:39.860000Z"', datetime(2026, 9, 9, 10, 18, 39, 860000, UTC)),
        (b'"2026-09-09T12:18:39+02:00"', datetime(2026, 9, 9, 10, 18, 39, tzinfo=UTC)),
        (b'"1788949571"', datetime(2026, 9, 9, 10, 26, 11, tzinfo=UTC)),
        (b"1788949571", datetime(2026, 9, 9, 10, 26, 11, tzinfo=UTC)),
        (b'"2015-08-07T00:00:00Z"', datetime(2015, 8, 7, tzinfo=UTC)),
        (b"null", None),
        (b'""', None),
        (b"", None),
    ],
)
def test_every_form_is_read_as_utc(text: bytes, time: datetime | None) -> None:
    assert timestamp_of(Raw(text), "sent_at") == time


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'"2026-09-09T10:18:39"', Reason.MALFORMED),
        (b'"yesterday"', Reason.MALFORMED),
        (rb'"2026-09-09T10:18:39.\u0030Z"', Reason.MALFORMED),
        (b'"2026-09-09T10:18:60.000000Z"', Reason.MALFORMED),
        (b'"0001-01-01T00:00:00+14:00"', Reason.MALFORMED),
        (b"1788949571.5", Reason.MALFORMED),
        (b"99999999999999999999", Reason.MALFORMED),
        (b"{}", Reason.MALFORMED),
        (b"true", Reason.MALFORMED),
        (b'"\xff"', Reason.MALFORMED),
        (b"0", Reason.OUT_OF_RANGE),
        (b'"2015-08-06T23:59:59.999999Z"', Reason.OUT_OF_RANGE),
        (b'"9999-12-31T00:00:00Z"', Reason.OUT_OF_RANGE),
    ],
)
def test_anything_else_is_no_time(text: bytes, reason: Reason) -> None:
    with pytest.raises(UnfitError, match="sent_at") as caught:
        timestamp_of(Raw(text), "sent_at")
    assert caught.value.reason is reason


@given(st.integers(1500000000, 4000000000), st.text("0123456789-:.TtZ +", max_size=2), st.data())
def test_the_usual_form_is_read_as_every_other_is(seconds: int, other: str, data: st.DataObject) -> None:
    text = format_timestamp(EPOCH + timedelta(seconds=seconds))
    place = data.draw(st.integers(0, len(text) - len(other)))
    text = text[:place] + other + text[place + len(other) :]
    try:
        expected = parse_timestamp(text)
    except ValueError:
        with pytest.raises(UnfitError):
            timestamp_of(Raw(f'"{text}"'), "at")
    else:
        assume(EARLIEST <= expected < LATEST)
        assert timestamp_of(Raw(f'"{text}"'), "at") == expected


@given(st.integers(1438905600, 4102444799), st.integers(0, 3), st.booleans())
def test_seconds_since_1970_are_exact(seconds: int, zeros: int, quoted: bool) -> None:
    text = "0" * zeros + str(seconds)
    assert timestamp_of(Raw(f'"{text}"' if quoted else text), "at") == EPOCH + timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", ["0", "000", "1438905599", "4102444800", "253402300799"])
def test_seconds_of_another_century_are_out_of_range(seconds: str) -> None:
    with pytest.raises(UnfitError) as caught:
        timestamp_of(Raw(seconds), "at")
    assert caught.value.reason is Reason.OUT_OF_RANGE


@given(st.binary(max_size=40))
def test_no_bytes_do_more_than_be_refused(text: bytes) -> None:
    try:
        time = timestamp_of(Raw(text), "sent_at")
    except UnfitError:
        return
    assert time is None or time.tzinfo is UTC
