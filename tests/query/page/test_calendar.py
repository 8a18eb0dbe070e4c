from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import pytest

from tests.query.page.hours import loaded, not_loaded
from tidemark.core.hour import Hour, hours
from tidemark.query.coverage import HourCoverage
from tidemark.query.page.calendar import VIEWS, Mark, calendar_of, duration, marks_of, missing_of

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
OPEN = {"covered_percent": Decimal(90), "open_s": Decimal(360), "gaps": {"a": {"connection_lost": 360.0}}}


def marks(each: HourCoverage) -> tuple[Mark, ...]:
    return tuple(marks_of(each)[view] for view in ("coverage", "repair", "audit", "load"))


def test_every_state_of_an_hour_has_its_mark_in_each_view() -> None:
    good, bad = Mark.GOOD, Mark.BAD
    assert marks(loaded("2026-11-22T10")) == (good, good, Mark.UNKNOWN, good)
    assert marks(not_loaded("2026-11-22T10")) == (Mark.NOT_LOADED,) * 4
    repaired = {"covered_percent": Decimal(90), "repaired_percent": Decimal(10)}
    assert marks(loaded("2026-11-22T10", **repaired))[:2] == (Mark.FILLED, Mark.FILLED)
    assert marks(loaded("2026-11-22T10", **OPEN))[:2] == (Mark.PARTLY, bad)
    nothing = {"covered_percent": Decimal(0), "open_s": Decimal(3600)}
    assert marks(loaded("2026-11-22T10", **nothing))[:2] == (bad, bad)
    audited = {"audited_share": Decimal(1), "api_sales": 3, "api_unseen": 0, "api_unseen_uncovered": 0}
    assert marks(loaded("2026-11-22T10", **audited))[2] is good
    assert marks(loaded("2026-11-22T10", **audited | {"api_unseen": 1}))[2] is Mark.WARNING
    assert marks(loaded("2026-11-22T10", **audited | {"api_unseen_uncovered": 1}))[2] is Mark.PARTLY
    assert marks(loaded("2026-11-22T10", quarantined=2))[3] is Mark.WARNING


def test_each_view_explains_every_mark_that_it_can_show_by_a_sign_of_its_own() -> None:
    rows = [
        loaded("2026-11-22T10", covered_percent=Decimal(covered), repaired_percent=Decimal(repaired),
               open_s=Decimal(3600 - 36 * (covered + repaired)), audited_share=share, api_unseen=unseen,
               api_unseen_uncovered=0, quarantined=bad)
        for covered, repaired, share, unseen, bad in product((0, 50, 100), (0, 50), (None, 1), (0, 1), (0, 1))
        if covered + repaired <= 100
    ]  # fmt: skip
    for view, mark in {pair for each in [*rows, not_loaded("2026-11-22T10")] for pair in marks_of(each).items()}:
        assert mark in VIEWS[view]
    for words in VIEWS.values():
        assert len({mark.value for mark in words}) == len(words)


def test_a_day_in_the_future_is_left_out_and_an_hour_that_is_not_over_leads_nowhere() -> None:
    range_of_hours = hours(Hour.parse("2026-11-21T00"), Hour.parse("2026-11-30T23"))
    days = calendar_of([HourCoverage(hour, {}) for hour in range_of_hours], NOW)
    assert [str(day.day) for day in days] == ["2026-11-22", "2026-11-21"]
    assert {len(day.cells) for day in days} == {24}
    cells = days[0].cells
    assert [cell.leads_on for cell in cells] == [True] * 15 + [False] * 9
    assert cells[15].title == "2026-11-22 15:00 UTC is not over yet"
    assert cells[16].title == "2026-11-22 16:00 UTC lies in the future"


def test_a_cell_says_in_words_what_its_colours_say() -> None:
    (cell,) = calendar_of([loaded("2026-11-22T10", **OPEN)], NOW)[0].cells
    assert cell.title.startswith("2026-11-22 10:00 UTC 90 % covered, 3 sales; coverage: partly covered")
    assert "repair: to be repaired; audit: not audited" in cell.title


def test_what_is_missing_names_its_reasons_and_joins_hours_that_were_not_loaded() -> None:
    several = {"a": {"connection_lost": 5.5, "process_died": 7200.0}, "b": {"not_running": 600}}
    found = missing_of(
        [
            loaded("2026-11-22T08"),
            not_loaded("2026-11-22T09"),
            not_loaded("2026-11-22T10"),
            loaded("2026-11-22T11", open_s=Decimal(720), gaps=several),
            not_loaded("2026-11-22T15"),
        ],
        NOW,
    )
    assert [(str(each.first), str(each.last), each.what, each.reasons) for each in found] == [
        ("2026-11-22T11", "2026-11-22T11", "12 min open",
         ["a: connection lost 6 s, process died 2 h", "b: not running 10 min"]),
        ("2026-11-22T09", "2026-11-22T10", "2 hours not loaded", []),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.04 s"), (5.4, "5 s"), (89, "89 s"), (720, "12 min"), (3599, "60 min"), (5400, "1.5 h"), (None, "")],
)
def test_a_duration_is_written_in_the_unit_that_fits(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words
