from datetime import UTC, datetime
from typing import Any

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.airflow.run_hours import EVERY_HOUR, MOST_HOURS, hour_form, run_hours, settled_hours
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour, hours

KEY = "2026-11-20T05"


def keys(found: list[Hour]) -> list[str]:
    return [hour.key for hour in found]


def test_a_partition_is_its_hour() -> None:
    assert keys(run_hours({"hour": None, "last_hour": None}, KEY)) == [KEY]


def test_a_form_names_its_hour() -> None:
    assert keys(run_hours({"hour": KEY}, None)) == [KEY]
    assert keys(run_hours({"hour": KEY}, KEY)) == [KEY]


@pytest.mark.parametrize("form", [{"hour": "2026-11-20T06"}, {"last_hour": "2026-11-20T06"}])
def test_a_backfill_whose_form_names_an_hour_would_load_that_hour_each_time(form: dict[str, str]) -> None:
    with pytest.raises(Problem, match="for 2026-11-20T05, but its form says 2026-11-20T06"):
        run_hours(form, KEY)


def test_a_range_is_all_its_hours_both_ends_included() -> None:
    wanted = {"hour": "2026-11-20T22", "last_hour": "2026-11-21T01"}
    assert keys(run_hours(wanted, None)) == ["2026-11-20T22", "2026-11-20T23", "2026-11-21T00", "2026-11-21T01"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "names no hour"),
        ({"hour": ""}, "names no hour"),
        ({"hour": "2026-11-20 05:00"}, "is not an hour"),
        ({"hour": "2026-11-20T24"}, "'2026-11-20T24' to '2026-11-20T24' is no range of hours"),
        ({"hour": KEY, "last_hour": "2026-11-20T04"}, "0 hours"),
        ({"last_hour": KEY}, "names no hour"),
        ({"hour": "2000-01-01T00", "last_hour": "2999-12-31T23"}, "8765832 hours"),
        ({"hour": "9999-12-31T23"}, "9999-12-31T23 to 9999-12-31T23 is not within the years 2000 to 2999"),
        ({"hour": "1999-12-31T23", "last_hour": "2000-01-01T00"}, "not within the years"),
        ({"hour": KEY, "last_hour": "9999-12-31T23"}, "not within the years"),
        ({"hour": KEY, "last_hour": "2027-11-20T04"}, "8760 hours; a run takes 1 to 744"),
    ],
)
def test_what_names_no_hours_is_said_with_what_to_do(params: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=said) as problem:
        run_hours(params, None)
    assert problem.value.hint


def test_a_partition_key_is_held_to_the_same_years() -> None:
    with pytest.raises(Problem, match="not within the years"):
        run_hours({}, "9999-12-31T23")


@given(st.text(max_size=20))
def test_any_text_is_one_hour_or_a_problem(text: str) -> None:
    try:
        found = run_hours({"hour": text}, None)
    except Problem:
        return
    assert keys(found) == [text]


def test_the_schedules_key_is_the_hour_that_has_just_ended() -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    info = coerce_to_core_timetable(EVERY_HOUR).next_dagrun_info_v2(
        last_dagrun_info=None,
        restriction=TimeRestriction(earliest=pendulum.datetime(2026, 11, 20, 6), latest=None, catchup=True),
    )
    assert (info.partition_key, info.run_after.isoformat()) == (KEY, "2026-11-20T06:00:00+00:00")


@pytest.mark.parametrize("name", ["hour", "last_hour"])
def test_the_form_takes_an_hour_and_nothing_else(name: str) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    param = hour_form()[name]
    assert param.resolve(KEY) == KEY
    assert param.resolve(None) is None
    for wrong in ("yesterday", "9999-12-31T23"):
        with pytest.raises(ParamValidationError):
            param.resolve(wrong)


def test_looking_back_ends_before_the_hours_that_are_still_awaited() -> None:
    at = datetime(2026, 11, 20, 12, 29, tzinfo=UTC)
    assert keys(settled_hours({"days": 1}, at, grace_period=1800)) == keys(
        list(hours(Hour.parse("2026-11-19T10"), Hour.parse("2026-11-20T10")))
    )


def test_looking_back_takes_the_forms_range() -> None:
    params = {"hour": KEY, "last_hour": "2026-11-20T06", "days": 7}
    assert keys(settled_hours(params, datetime(2026, 11, 20, 12, tzinfo=UTC), 1800)) == [KEY, "2026-11-20T06"]


def test_a_month_fits_into_one_run() -> None:
    assert len(run_hours({"hour": "2026-10-01T00", "last_hour": "2026-10-31T23"}, None)) == MOST_HOURS
