"""The clock that may run at another rate."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidemark.core.clock import EPOCH, Clock
from tidemark.core.errors import Problem

clocks = st.builds(
    Clock,
    st.integers(0, 4_000_000_000_000_000).map(lambda us: EPOCH + timedelta(microseconds=us)),
    st.floats(0, 4e9).map(lambda seconds: round(seconds, 3)),
    st.floats(0.01, 1e4).map(lambda rate: round(rate, 3)),
)


@given(clocks)
def test_what_is_printed_is_read_back(clock: Clock) -> None:
    assert Clock.parse(str(clock)) == clock


@given(clocks, st.floats(-1e5, 1e5))
def test_real_time_and_moments_are_inverse(clock: Clock, seconds: float) -> None:
    real = clock.anchor + seconds
    assert clock.real(clock.at(real)) == pytest.approx(real, abs=0.01)


def test_an_hour_lasts_twenty_seconds_at_rate_180() -> None:
    clock = Clock.parse("2026-11-20T10:00:00Z@1763800000.5*180")
    assert clock.at(1763800000.5) == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert clock.at(1763800020.5) - clock.at(1763800000.5) == timedelta(hours=1)


def test_an_empty_text_is_the_real_clock() -> None:
    assert Clock.parse("").at(1763823845.25) == datetime.fromtimestamp(1763823845.25, UTC)


@given(st.text(min_size=1))
@example("2026-11-20T10:00:00Z@1*0")
@example("2026-11-20T10:00:00@1*1")
@example("x@1*1")
@example("2026-11-20T10:00:00Z@1*1e3")
@example("2026-11-20T10:00:00Z@1*" + "9" * 400)
@example("2026-11-20T10:00:00Z@" + "9" * 400 + "*1")
@example("0001-01-01T00:00:00+23:59@1*1")
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Clock.parse(text)


@given(st.integers(0, 10**11), st.integers(1, 10**6), st.floats(0, 4e9))
def test_any_clock_shows_a_time_or_says_why_not(anchor: int, rate: int, real: float) -> None:
    clock = Clock.parse(f"2026-11-20T10:00:00Z@{anchor}*{rate}")
    shown: datetime | None = None
    with suppress(Problem):
        shown = clock.at(real)
    years = (real - anchor) * rate / 86_400 / 366
    assert shown is not None or not -2000 < years < 7900


def test_a_clock_far_from_the_present_is_a_problem() -> None:
    with pytest.raises(Problem, match="TIDEMARK_CLOCK shows a time outside"):
        Clock.parse("2026-11-20T10:00:00Z@0*1000000").at(1763800000)
