"""Moments: UTC text with microseconds."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.core.clock import EPOCH
from tidemark.core.timestamps import format_timestamp, parse_http_date, parse_timestamp

moments = st.integers(-30_000_000_000_000_000, 200_000_000_000_000_000).map(
    lambda us: EPOCH + timedelta(microseconds=us)
)


@given(moments, st.integers(-1439, 1439))
def test_what_is_printed_is_read_back(moment: datetime, minutes: int) -> None:
    text = format_timestamp(moment.astimezone(timezone(timedelta(minutes=minutes))))
    assert parse_timestamp(text) == moment
    assert len(text) == len("2026-11-22T15:04:05.123456Z")


@pytest.mark.parametrize(
    "text", ["2024-01-22T06:16:20.121651+00:00", "2024-01-22T06:16:20.121651Z", "2024-01-22T08:16:20.121651+02:00"]
)
def test_every_form_of_the_stream_is_read(text: str) -> None:
    assert parse_timestamp(text) == datetime(2024, 1, 22, 6, 16, 20, 121651, tzinfo=UTC)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with suppress(ValueError):
        assert parse_timestamp(text).tzinfo == UTC


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        parse_timestamp("2026-11-22T15:04:05")
    with pytest.raises(ValueError, match="no time zone"):
        format_timestamp(datetime(2026, 11, 22))  # noqa: DTZ001


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_utc_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outside the years"):
        parse_timestamp(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Sun, 22 Nov 2026 15:04:05 GMT", datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC)),
        ("Sun, 22 Nov 2026 15:04:05 -0000", datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC)),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Thu, 01 Jan 2026 00:00:00 +9999999999999999", None),
        ("", None),
    ],
)
def test_a_headers_date_is_aware_or_none(text: str, at: datetime | None) -> None:
    assert parse_http_date(text) == at


NUMBERS = st.integers(0, 70) | st.integers(-(10**20), 10**20)
DATES = st.builds("Thu, {} {} {} {}:{}:{} {}".format, NUMBERS, st.sampled_from(["Jan", "Feb", "X"]), *[NUMBERS] * 4,
    st.sampled_from(["GMT", "-0000", ""]) | st.builds("{:+}".format, NUMBERS),
)  # fmt: skip


@given(st.text() | DATES)
def test_no_header_makes_an_error(text: str) -> None:
    found = parse_http_date(text)
    assert found is None or found - EPOCH
