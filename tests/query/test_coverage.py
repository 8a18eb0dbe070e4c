import json
from datetime import timedelta
from decimal import Decimal

import pytest
from rich.console import Console

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.query.answer import Answer
from tidemark.query.coverage import HourCoverage, State, as_rows, coverage_of, strip, table
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


def printed(*shown: object) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(*shown)
    return capture.get()


def test_an_hour_is_covered_only_when_nothing_of_it_is_open() -> None:
    states = [each.state for each in coverage_of(ANSWER, None, None)]
    assert states == [State.COVERED, State.REPAIRED, State.PARTLY, State.GAP, *[State.NOT_LOADED] * 3, State.PARTLY]


def test_the_range_may_be_wider_than_what_was_loaded() -> None:
    hours = [each.hour for each in coverage_of(ANSWER, FIRST.previous(), Hour.parse("2026-11-20T18"))]
    assert (hours[0].key, hours[-1].key, len(hours)) == ("2026-11-20T09", "2026-11-20T18", 10)
    assert coverage_of(Answer(COLUMNS, []), None, None) == []
    assert [each.state for each in coverage_of(Answer(COLUMNS, []), FIRST, FIRST)] == [State.NOT_LOADED]


def test_a_strip_has_a_line_per_day_and_a_place_per_hour() -> None:
    night = [HourCoverage(Hour.parse(key), {}) for key in ("2026-11-20T23", "2026-11-21T00")]
    lines = printed(strip([*coverage_of(ANSWER, None, None), *night])).splitlines()
    assert lines[0] == "UTC         00    06     12    18"
    assert lines[1] == "2026-11-20            █▓ ▒░···▒     ·"
    assert lines[2].rstrip() == "2026-11-21  ·"
    assert lines[4] == "█ covered   ▓ repaired   ▒ partly   ░ gap   · not loaded"


def test_the_table_has_the_estimate_and_joins_hours_that_were_not_loaded() -> None:
    lines = [line.split("│") for line in printed(table(coverage_of(ANSWER, None, None))).splitlines()[4:]]
    assert [line[0].strip() for line in lines] == [
        "2026-11-20T10", "2026-11-20T11", "2026-11-20T12", "2026-11-20T13",
        "2026-11-20T14 to", "2026-11-20T16", "2026-11-20T17",
    ]  # fmt: skip
    assert lines[0][-1].strip() == "0.55 (0 to 9)"
    assert lines[4][1].strip() == "· not loaded"


def test_the_head_says_what_the_estimate_is_blind_to() -> None:
    head = [line.split("┃")[-1].strip() for line in printed(table(coverage_of(ANSWER, None, None))).splitlines()[:3]]
    assert " ".join(head) == "missed by all: a lower bound, blind to what OpenSea sent to no collector"


def test_the_table_has_the_audit_of_an_hour() -> None:
    found = {"audited_share": Decimal("0.25"), "api_sales": 1204, "loss": Decimal("0.003340"),
             "loss_low": Decimal("0.000910"), "loss_high": Decimal("0.008520")}  # fmt: skip
    each = HourCoverage(FIRST, dict(zip(COLUMNS, row(0, "100", "0", "0"), strict=True)) | found)
    assert (each.audited, each.loss) == ("25% 1204", "0.334% (0.091% to 0.852%)")
    assert "0.334% (0.091% to" in printed(table([each]))


def test_scripts_get_one_object_per_hour() -> None:
    first, *_, last = json.loads(as_json(as_rows(coverage_of(ANSWER, None, Hour.parse("2026-11-20T18")))))
    assert (first["hour"], first["state"], first["covered_percent"]) == ("2026-11-20T10", "covered", "100")
    assert (last["hour"], last["state"], last["covered_percent"]) == ("2026-11-20T18", "not loaded", None)


@pytest.mark.parametrize(("first", "last"), [("2026-11-20T11", "2026-11-20T10"), ("2001-01-01T00", "2026-11-20T10")])
def test_a_range_is_forward_and_at_most_a_year(first: str, last: str) -> None:
    with pytest.raises(Problem, match=f"{first} to {last} is not a range of at most a year"):
        coverage_of(ANSWER, Hour.parse(first), Hour.parse(last))
