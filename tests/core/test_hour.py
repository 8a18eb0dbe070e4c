"""The hour: the one key of every run and file."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.core.clock import EPOCH
from tidemark.core.hour import Hour, hours

moments = st.integers(0, 4_000_000_000_000_000).map(lambda us: EPOCH + timedelta(microseconds=us))
some_hours = moments.map(Hour.of)


@given(some_hours)
def test_both_forms_are_read_back(hour: Hour) -> None:
    assert Hour.parse(hour.key) == hour == Hour.parse(str(hour))
    assert Hour.parse_compact(hour.compact) == hour


@given(some_hours, some_hours)
def test_keys_sort_as_hours_do(one: Hour, other: Hour) -> None:
    assert (one < other) == (one.key < other.key) == (one.compact < other.compact)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    for parse, form in ((Hour.parse, "%Y-%m-%dT%H"), (Hour.parse_compact, "%Y%m%dT%H")):
        with suppress(ValueError):
            assert f"{parse(text).start:{form}}" == text


@pytest.mark.parametrize(
    "text", ["2026-11-22T24", "2026-02-30T00", "2026-11-22T15Z", "2026-11-22 15", "٢٠٢٦-11-22T15", ""]
)
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Hour.parse(text)


@given(moments, st.integers(-23, 23))
def test_the_hour_of_a_moment_contains_it_in_any_zone(moment: datetime, offset: int) -> None:
    hour = Hour.of(moment.astimezone(timezone(timedelta(hours=offset))))
    assert moment in hour
    assert hour.end not in hour
    assert hour.next().previous() == hour
    assert hour.end == hour.next().start


def test_a_moment_without_zone_has_no_hour() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Hour.of(datetime(2026, 11, 22, 15))  # noqa: DTZ001
    with pytest.raises(ValueError, match="not the start"):
        Hour(datetime(2026, 11, 22, 15, 1, tzinfo=UTC))


def test_a_range_holds_both_ends() -> None:
    first, last = Hour.parse("2026-11-22T22"), Hour.parse("2026-11-23T01")
    assert [hour.key for hour in hours(first, last)] == [
        "2026-11-22T22",
        "2026-11-22T23",
        "2026-11-23T00",
        "2026-11-23T01",
    ]
    assert list(hours(last, first)) == []
