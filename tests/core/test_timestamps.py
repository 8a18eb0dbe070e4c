"""Moments: UTC text with microseconds."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.core.clock import EPOCH
from tidemark.core.timestamps import format_timestamp, parse_timestamp

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
