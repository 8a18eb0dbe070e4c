"""The collector's time never steps back, and says when the machine's clock does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.clock import EPOCH, Clock
from collector.timeline import Timeline


@given(st.lists(st.floats(0, 4e9), min_size=1))
def test_time_never_steps_back(reals: list[float]) -> None:
    timeline = Timeline(Clock(), EPOCH, reals[0], 0.0)
    moments = [timeline.at(real) for real in reals]
    assert moments == sorted(moments)
    assert moments[-1] == EPOCH + timedelta(seconds=max(reals))


def test_nothing_is_recorded_before_what_was_recorded() -> None:
    floor = datetime(2026, 11, 22, 15, tzinfo=UTC)
    timeline = Timeline(Clock(), floor, 0.0, 0.0)
    assert timeline.at(floor.timestamp() - 3600) == floor
    assert timeline.at(floor.timestamp() + 1) == floor + timedelta(seconds=1)


def test_a_step_is_told_once_and_a_drift_is_none() -> None:
    timeline = Timeline(Clock(), EPOCH, 1000.0, 50.0)
    assert timeline.step(1010.4, 60.0) == 0
    assert timeline.step(8220.4, 70.0) == pytest.approx(7200)
    assert timeline.step(8230.4, 80.0) == 0
    assert timeline.step(1040.0, 90.0) == pytest.approx(-7200.4)
    assert timeline.steps == 2


def test_a_clock_of_another_rate_runs_at_it() -> None:
    start = datetime(2026, 11, 20, 10, tzinfo=UTC)
    timeline = Timeline(Clock(start, 100.0, 180.0), EPOCH, 100.0, 0.0)
    assert timeline.at(120.0) == start + timedelta(hours=1)
    assert timeline.step(120.0, 20.0) == 0
