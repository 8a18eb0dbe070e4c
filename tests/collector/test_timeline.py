"""The collector's time only moves on, and says where it cannot vouch for itself."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.timeline import Doubt, Timeline
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
        line.look(real, monotonic)
        moments.append(line.last)
    assert all(earlier < later for earlier, later in pairwise(moments))
    assert moments[-1] - EPOCH >= timedelta(seconds=max(real for real, _ in looks))


def test_nothing_is_recorded_before_what_was_recorded() -> None:
    line = timeline(floor=at(60))
    assert line.last == at(60)
    line.look(101.0, 1.0)
    assert line.last == at(60) + timedelta(microseconds=1)
    line.look(161.0, 61.0)
    assert line.last == at(61)


def test_a_process_that_looks_often_vouches_for_its_time() -> None:
    line = timeline()
    assert [line.look(100 + tenth / 10, tenth / 10) for tenth in range(100)] == [None] * 100
    assert line.steps == 0


@pytest.mark.parametrize("rate", [1.0, 180.0])
def test_a_process_that_stood_still_does_not(rate: float) -> None:
    line = timeline(rate=rate)
    assert line.look(101.0, 1.0) is None
    assert line.look(111.0, 11.0) == Doubt(at(rate), at(11 * rate), "paused", 10.0)
    assert line.look(111.1, 11.1) is None
    assert line.steps == 0


def test_nor_does_a_machine_that_was_suspended_or_a_clock_that_stepped_on() -> None:
    line = timeline()
    assert line.look(7301.0, 1.0) == Doubt(at(0), at(7201), "clock_stepped", 7200.0)
    assert line.look(7302.0, 2.0) is None
    assert line.steps == 1


def test_a_step_back_leaves_in_doubt_what_will_pass_a_second_time() -> None:
    line = timeline()
    line.look(102.0, 2.0)
    doubt = line.look(43.0, 3.0)
    assert doubt == Doubt(at(-57), at(2) + timedelta(microseconds=1), "clock_stepped", -60.0)
    assert line.look(44.0, 4.0) is None, "it is told once"
    assert line.steps == 1


def test_a_drift_is_no_step() -> None:
    line = timeline()
    assert line.look(102.9, 2.0) is None
    assert line.last == at(2.9)
