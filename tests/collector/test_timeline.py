"""The collector's time only moves on, and says where it cannot vouch for itself."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.timeline import Anomaly, Timeline
from tidemark.core.clock import EPOCH, Clock

START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def timeline(floor: datetime = EPOCH, rate: float = 1.0) -> Timeline:
    return Timeline(Clock(START, 100.0, rate), floor, 100.0, 0.0)


@given(st.lists(st.tuples(st.floats(0, 4e9), st.floats(0, 1e4)), min_size=1))
def test_time_only_moves_on(looks: list[tuple[float, float]]) -> None:
    line = Timeline(Clock(), EPOCH, 0.0, 0.0)
    moments = [line.last]
    for real, monotonic in looks:
        line.advance(real, monotonic)
        moments.append(line.last)
    assert all(earlier < later for earlier, later in pairwise(moments))
    assert moments[-1] - EPOCH >= timedelta(seconds=max(real for real, _ in looks))


def test_nothing_is_recorded_before_what_was_recorded() -> None:
    line = timeline(floor=at(60))
    assert line.last == at(60)
    line.advance(101.0, 1.0)
    assert line.last == at(60) + timedelta(microseconds=1)
    line.advance(161.0, 61.0)
    assert line.last == at(61)


def test_a_process_that_looks_often_vouches_for_its_time() -> None:
    line = timeline()
    assert [line.advance(100 + tenth / 10, tenth / 10) for tenth in range(100)] == [None] * 100
    assert line.steps == 0


@pytest.mark.parametrize("rate", [1.0, 180.0])
def test_a_process_that_stood_still_does_not(rate: float) -> None:
    line = timeline(rate=rate)
    assert line.advance(101.0, 1.0) is None
    assert line.advance(111.0, 11.0) == Anomaly(at(rate), at(11 * rate), "paused", 10.0)
    assert line.advance(111.1, 11.1) is None
    assert line.steps == 0


def test_nor_does_a_machine_that_was_suspended_or_a_clock_that_stepped_on() -> None:
    line = timeline()
    assert line.advance(7301.0, 1.0) == Anomaly(at(0), at(7201), "clock_stepped", 7200.0)
    assert line.advance(7302.0, 2.0) is None
    assert line.steps == 1


def test_a_step_back_makes_an_anomaly_of_what_will_pass_a_second_time() -> None:
    line = timeline()
    line.advance(102.0, 2.0)
    anomaly = line.advance(43.0, 3.0)
    assert anomaly == Anomaly(at(-57), at(2) + timedelta(microseconds=1), "clock_stepped", -60.0)
    assert line.advance(44.0, 4.0) is None, "it is told once"
    assert line.steps == 1


def test_a_drift_is_no_step() -> None:
    line = timeline()
    assert line.advance(102.9, 2.0) is None
    assert line.last == at(2.9)


@pytest.mark.parametrize("rate", [1.0, 180.0])
def test_a_monotonic_time_is_given_the_timestamp_that_was_recorded_then(rate: float) -> None:
    line = timeline(rate=rate)
    for tenth in range(1, 101):
        line.advance(100 + tenth / 10, tenth / 10)
    assert line.at(4.0) == at(4 * rate)
    assert line.at(-2.0) == at(-2 * rate)
    assert line.at(99.0) == line.last
    assert line.seconds(at(4 * rate) - at(0)) == 4.0


def test_a_step_stays_where_it_was() -> None:
    line = timeline()
    line.advance(110.0, 10.0)
    line.advance(3710.1, 10.1)
    line.advance(3720.1, 20.1)
    assert line.at(9.0) == at(9)
    assert line.at(15.1) == at(3615.1)


def test_time_that_waited_for_the_clock_is_known_to_have_waited() -> None:
    line = timeline()
    for second in range(1, 11):
        line.advance(100.0 + second, second)
    for second in range(11, 101):
        line.advance(100.0 + second - 60, second)
    assert line.at(40.0) < at(11)
    assert abs((line.at(90.0) - at(30)).total_seconds()) < 1.1


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 5)), min_size=1, max_size=50), st.floats(0, 100))
def test_the_timestamps_of_the_past_are_in_order(steps: list[tuple[float, float]], asked: float) -> None:
    line, real, monotonic = timeline(), 100.0, 0.0
    for step, lived in steps:
        real, monotonic = real + lived + step, monotonic + lived
        line.advance(real, monotonic)
    assert line.at(asked) <= line.at(asked + 0.5) <= line.last
