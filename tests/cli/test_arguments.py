from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from tidemark.cli.arguments import Hours, amount, ends, from_hour, read_hours, to_hour
from tidemark.core.hour import LENGTH, Hour
from tidemark.query.parameter import Parameter

HOUR = Hour.parse("2026-11-22T15")
STARTS = st.datetimes(*(datetime(year, 1, 2) for year in (2000, 9000)), timezones=st.just(UTC)).map(Hour.of)  # noqa: DTZ001


@given(STARTS, st.integers(-12, 14), st.sampled_from(["seconds", "minutes", "microseconds"]))
def test_a_time_of_any_zone_is_its_hour_and_one_without_is_utc(hour: Hour, zone: int, precision: str) -> None:
    local = hour.start.astimezone(timezone(timedelta(hours=zone)))
    for text in (local.isoformat(timespec=precision), hour.start.replace(tzinfo=None).isoformat(timespec=precision)):
        assert (from_hour(text), to_hour(text), read_hours(text)) == (hour, hour.previous(), Hours(hour, hour))


@given(STARTS)
def test_an_hour_is_itself_and_a_day_all_of_its_hours(hour: Hour) -> None:
    assert read_hours(hour.key) == (hour, hour)
    midnight = Hour(hour.start.replace(hour=0))
    assert read_hours(hour.key[:10]) == (midnight, Hour(midnight.start + 23 * LENGTH))


@given(st.sampled_from("dh"), st.integers(0, 5000))
def test_relative_times_end_before_now_and_are_whole(unit: str, count: int) -> None:
    before = datetime.now(UTC)
    first, last = read_hours(f"{count}{unit}")
    after = datetime.now(UTC)
    length = {"d": 24, "h": 1}[unit]
    assert last.start - first.start == (length - 1) * LENGTH
    assert before - (count + 1) * length * LENGTH <= first.start <= after - count * length * LENGTH


def test_yesterday_is_a_day() -> None:
    today = datetime.combine(datetime.now(UTC), time(), UTC)
    assert read_hours("yesterday") in (read_hours("1d"), (Hour(today - timedelta(days=1)), Hour(today - LENGTH)))


@given(st.text() | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}(:[0-9]{2})?Z?)?|[0-9]{1,6}[dh]"))
def test_verbs_understand_the_same_times_as_questions(text: str) -> None:
    asked = [Parameter("from", kind, None, "") for kind in ("start-hour", "end-hour")]
    try:
        start, end = (each.read(text, datetime.now(UTC)) for each in asked)
    except Exception:  # noqa: BLE001 - whatever a question refuses
        with pytest.raises(typer.BadParameter, match="is not a UTC day or whole hour"):
            read_hours(text)
        return
    assert (from_hour(text).start, to_hour(text).end) == (start, end)


def test_an_hour_and_a_range_exclude_each_other_and_a_range_runs_forwards() -> None:
    one = Hours(HOUR, HOUR)
    assert ends(one, None, None) == one
    assert ends(None, HOUR, None) == (HOUR, None)
    with pytest.raises(typer.BadParameter, match="or a range with --from and --to"):
        ends(one, None, HOUR)
    with pytest.raises(typer.BadParameter, match="is not before"):
        ends(None, HOUR, HOUR.previous())


@pytest.mark.parametrize("text", ["many", "-1", "NaN", "Infinity", ""])
def test_what_is_no_amount_is_refused(text: str) -> None:
    assert amount("0.5") == Decimal("0.5")
    with pytest.raises(typer.BadParameter, match="is not an amount"):
        amount(text)
