"""Which hours a run means: the one place where a run's date, partition or form becomes hours."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronPartitionTimetable, Param

from tidemark.core.errors import Problem
from tidemark.core.hour import LENGTH, Hour, hours

# scheduled, triggered and backfilled runs carry the same key, the hour itself; a run's dates deceive
EVERY_HOUR = CronPartitionTimetable("0 * * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%dT%H")
MOST_HOURS = 24 * 31
_YEARS = range(2000, 3000)
_HOUR = r"^2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}$"


def hour_form() -> dict[str, Param]:
    """Return the part of the trigger form that names an hour or a range of hours."""
    return {
        "hour": Param(
            None,
            type=["null", "string"],
            pattern=_HOUR,
            title="Hour (UTC)",
            description="Such as 2026-11-22T15. Empty: the hours that the schedule means.",
        ),
        "last_hour": Param(
            None,
            type=["null", "string"],
            pattern=_HOUR,
            title="Last hour (UTC)",
            description="For a range: its last hour, included. For parallel runs create a backfill instead.",
        ),
    }


def look_back_form() -> dict[str, Param]:
    """Return the form of a DAG that looks back: a range of hours, or how many days to look back."""
    days = Param(7, type="integer", minimum=1, maximum=31, title="Days", description="How far to look back.")
    return {**hour_form(), "days": days}


def run_hours(params: Mapping[str, Any], partition_key: str | None) -> list[Hour]:
    """Return the hours of a run, in order: that of its partition key, or those of its form.

    Raises Problem when neither names one, when both do, or when they make no range of at most a month of
    the years that the form takes.
    """
    asked = params.get("hour") or params.get("last_hour")
    if partition_key and asked and partition_key != asked:
        raise Problem(f"this run is for {partition_key}, but its form says {asked}",
                      "Leave the form's hours empty; a backfill takes its hours from its dates")  # fmt: skip
    first = params.get("hour") or partition_key
    if not first:
        raise Problem("this run names no hour", 'Trigger it again with "Hour (UTC)", such as 2026-11-22T15, filled in')
    last = params.get("last_hour") or first
    try:
        start, end = Hour.parse(first), Hour.parse(last)
    except ValueError as error:
        raise Problem(f"{first!r} to {last!r} is no range of hours: {error}",
                      "Trigger it again with hours written as 2026-11-22T15") from error  # fmt: skip
    if not {start.start.year, end.start.year} <= set(_YEARS):
        raise Problem(f"{first} to {last} is not within the years {_YEARS[0]} to {_YEARS[-1]}",
                      "Trigger it again with hours written as 2026-11-22T15")  # fmt: skip
    count = (end.start - start.start) // LENGTH + 1
    if not 1 <= count <= MOST_HOURS:
        raise Problem(f"{first} to {last} is {count} hours; a run takes 1 to {MOST_HOURS}",
                      "Name the earlier hour first; for more hours create a backfill")  # fmt: skip
    return list(hours(start, end))


def hours_text(params: Mapping[str, Any], partition_key: str | None) -> str | None:
    """Return the hours of a run for a person, such as `2026-11-20T05 to 2026-11-20T07`; None where it names none."""
    first, last = params.get("hour") or partition_key, params.get("last_hour")
    return f"{first} to {last}" if first and last and last != first else first


def settled_hours(params: Mapping[str, Any], run_after: datetime, grace_period: float) -> list[Hour]:
    """Return the hours to look back on: those of the form, else its last `days` without the hours still awaited.

    `grace_period` is how long an hour is awaited, in seconds after its end.
    """
    if params.get("hour") or params.get("last_hour"):
        return run_hours(params, None)
    last = Hour.of(run_after - timedelta(seconds=grace_period)).previous()
    return list(hours(Hour.of(last.start - timedelta(days=params["days"])), last))
