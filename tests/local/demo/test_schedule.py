from datetime import timedelta

import pytest

from tidemark.core.clock import Clock
from tidemark.core.hour import Hour, hours
from tidemark.local.demo.schedule import RATE, Schedule

NOW = Clock().real(Hour.parse("2026-11-22T15").start + timedelta(minutes=37))


def test_three_hours_of_yesterday_are_recorded_each_in_twenty_seconds() -> None:
    schedule = Schedule.starting(NOW)
    assert [hour.key for hour in schedule.hours] == ["2026-11-21T15", "2026-11-21T16", "2026-11-21T17"]
    began, ended = (schedule.clock.real(moment) for moment in (schedule.hours[0].start, schedule.hours[-1].end))
    assert ended - began == pytest.approx(60)
    assert RATE == 180


def test_the_collectors_have_time_to_join_before_the_first_hour() -> None:
    schedule = Schedule.starting(NOW)
    assert 2 <= schedule.clock.real(schedule.hours[0].start) - NOW <= 10


def test_midnight_is_an_hour_like_any_other() -> None:
    late = Clock().real(Hour.parse("2026-11-22T23").start)
    assert [hour.key for hour in Schedule.starting(late).hours] == ["2026-11-21T23", "2026-11-22T00", "2026-11-22T01"]


def test_the_demos_hours_end_a_week() -> None:
    schedule = Schedule.starting(NOW)
    first, last = schedule.before
    assert len(list(hours(first, schedule.hours[-1]))) == 7 * 24
    assert last.next() == schedule.hours[0]
