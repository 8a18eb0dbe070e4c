import json
from datetime import timedelta
from decimal import Decimal

import pytest

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.query.answer import Answer
from tidemark.query.coverage import HourCoverage, State, as_rows, coverage_of
from tidemark.query.export import as_json

FIRST = Hour.parse("2026-11-20T10")
COLUMNS = ("hour", "covered_percent", "repaired_percent", "open_s", "missed_estimate", "missed_low", "missed_high")


def row(hours_later: int, covered: str, repaired: str, open_s: str) -> tuple[object, ...]:
    start = FIRST.start + timedelta(hours=hours_later)
    return (start, Decimal(covered), Decimal(repaired), Decimal(open_s), Decimal("0.55"), Decimal(0), Decimal(9))


ANSWER = Answer(COLUMNS, [
    row(0, "100", "0", "0"),
    row(1, "90", "10", "0"),
    row(2, "99.99", "0", "0.001"),  # a millisecond is missing
    row(3, "0", "0", "3600"),
    row(7, "0", "50", "1800"),
])  # fmt: skip


def test_an_hour_is_covered_only_when_nothing_of_it_is_open() -> None:
    states = [each.state for each in coverage_of(ANSWER, None, None)]
    assert states == [State.COVERED, State.REPAIRED, State.PARTLY, State.GAP, *[State.NOT_LOADED] * 3, State.PARTLY]


def test_the_range_may_be_wider_than_what_was_loaded() -> None:
    hours = [each.hour for each in coverage_of(ANSWER, FIRST.previous(), Hour.parse("2026-11-20T18"))]
    assert (hours[0].key, hours[-1].key, len(hours)) == ("2026-11-20T09", "2026-11-20T18", 10)
    assert coverage_of(Answer(COLUMNS, []), None, None) == []
    assert [each.state for each in coverage_of(Answer(COLUMNS, []), FIRST, FIRST)] == [State.NOT_LOADED]


def test_reasons_are_summed_over_an_hour_the_longest_first_and_of_several_collectors_the_longest() -> None:
    gaps = {"a": {"lagging": 2, "unproven": 9}, "b": {"lagging": 3.5, "connecting": 2}}
    assert list(HourCoverage(FIRST, {"gaps": gaps}).reasons.items()) == [
        ("unproven", 9.0), ("lagging", 3.5), ("connecting", 2.0),
    ]  # fmt: skip
    assert HourCoverage(FIRST, {}).reasons == {}


def test_an_hour_that_a_repair_completed_is_not_whole() -> None:
    assert [each.is_whole for each in coverage_of(ANSWER, None, None)] == [True, *[False] * 7]


def test_scripts_get_one_object_per_hour() -> None:
    first, *_, last = json.loads(as_json(as_rows(coverage_of(ANSWER, None, Hour.parse("2026-11-20T18")))))
    assert (first["hour"], first["state"], first["covered_percent"]) == ("2026-11-20T10", "covered", "100")
    assert (last["hour"], last["state"], last["covered_percent"]) == ("2026-11-20T18", "not loaded", None)


@pytest.mark.parametrize(("first", "last"), [("2026-11-20T11", "2026-11-20T10"), ("2001-01-01T00", "2026-11-20T10")])
def test_a_range_is_forward_and_at_most_a_year(first: str, last: str) -> None:
    with pytest.raises(Problem, match=f"{first} to {last} is not a range of at most a year"):
        coverage_of(ANSWER, Hour.parse(first), Hour.parse(last))
