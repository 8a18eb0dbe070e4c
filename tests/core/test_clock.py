"""The clock that may run at another rate."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidemark.core.clock import EPOCH, Clock

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
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Clock.parse(text)
