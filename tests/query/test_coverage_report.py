from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from rich.table import Table
from rich.text import Text

from tidemark.core.hour import Hour
from tidemark.query.answer import Answer
from tidemark.query.coverage import HourCoverage, coverage_of
from tidemark.query.coverage_report import detail, exceptions, head, length, strip, table
from tidemark.query.table import console

FIRST = Hour.parse("2026-11-20T22")
COLUMNS = (
    "hour", "covered_percent", "covered_twice_percent", "repaired_percent", "open_s", "sales", "missed_estimate",
    "missed_low", "missed_high", "quarantined", "seen_by", "gaps",
)  # fmt: skip
LOST = {"a": {"connection_lost": 12.5, "server_error": 246.5, "lagging": 1}, "b": {"process_died": 900.0}}
AUDIT = {"audited_share": Decimal("0.25"), "api_sales": 1204, "api_unseen": 4, "api_unseen_uncovered": 2,
         "loss": Decimal("0.003340"), "loss_low": Decimal("0.000910"), "loss_high": Decimal("0.008520")}  # fmt: skip


def row(hours_later: int, covered: str, repaired: str, open_s: str, gaps: object = None) -> tuple[object, ...]:
    start = FIRST.start + timedelta(hours=hours_later)
    missed = (Decimal("0.55"), Decimal(0), Decimal(9))
    shares = (Decimal(covered), Decimal("97.25"), Decimal(repaired), Decimal(open_s))
    return (start, *shares, 1204, *missed, 0, {"a": 5, "a+b": 900}, gaps or {})


HOURS = coverage_of(Answer(COLUMNS, [
    row(0, "100", "0", "0"),
    row(1, "91.44", "8.56", "0", LOST),
    row(2, "99.99", "0", "308.2", LOST),
    row(3, "0", "0", "3600", {"a": {"no_manifest": 3600}}),
    row(4, "0", "0", "3600", {"a": {"no_manifest": 3600}}),
    row(8, "100", "0", "0"),
]), None, None)  # fmt: skip


def printed(shown: Text | Table, width: int) -> list[str]:
    paper = console(width)
    with paper.capture() as capture:
        paper.print(shown)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_the_head_counts_the_states_and_says_what_the_estimate_is_blind_to() -> None:
    assert " | ".join(printed(head(HOURS), 200)) == (
        "9 hours from 2026-11-20T22 to 2026-11-21T06, UTC: 2 covered, 1 repaired, 1 partly covered, 2 gaps, "
        "3 not loaded. | "
        "Sales that all collectors missed: about 3.3, a lower bound: "
        "it does not count what OpenSea sent to no collector."
    )
    unknown = printed(head([HourCoverage(FIRST, {})]), 200)[1]
    assert unknown.startswith("Sales that all collectors missed: unknown; an estimate would be a lower bound")
    assert printed(head([]), 80)[0].startswith("No hour was loaded yet")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-11-21T07:59:00Z", "Sales that all"),
        ("2026-11-21T08:00:00Z", "Nothing after 2026-11-21T06 is loaded: 1 hour."),
        ("2026-11-28T08:00:00Z", "Nothing after 2026-11-21T06 is loaded: 169 hours."),
    ],
)
def test_the_head_says_that_loading_stopped(now: str, said: str) -> None:
    assert printed(head(HOURS, datetime.fromisoformat(now)), 200)[1].startswith(said)


def test_the_head_has_the_audits() -> None:
    audited = HourCoverage(HOURS[0].hour, HOURS[0].row | AUDIT)
    assert printed(head([audited, audited]), 200)[2] == (
        "Audits of 2 hours: of the Events API's 2,408 sales 8 unseen although covered, 4 in gaps."
    )


def test_an_audited_hour_that_no_collector_covered_has_its_unseen_sales() -> None:
    down = AUDIT | {"api_sales": 100, "api_unseen": 0, "api_unseen_uncovered": 100, "loss": None}
    lines = printed(head([HourCoverage(HOURS[3].hour, HOURS[3].row | down)]), 200)
    assert lines[0].startswith("1 hour from ")
    assert lines[2] == ("Audits of 1 hour: of the Events API's 100 sales 0 unseen although covered, 100 in gaps.")


def test_a_strip_has_a_line_per_day_and_a_place_per_hour() -> None:
    assert printed(strip(HOURS), 80) == [
        "UTC         00     06     12     18",
        "2026-11-20                           █▓",
        "2026-11-21  ▒░░··· █",
        "",
        "█ covered   ▓ repaired   ▒ partly covered   ░ gap   · not loaded",
    ]


def test_a_line_for_each_hour_that_is_not_whole_and_one_for_hours_alike() -> None:
    assert printed(exceptions(HOURS, 80), 80) == [
        "Not wholly covered by collectors:",
        "2026-11-20T23  ▓ repaired: 8.56 % from the API, process died 15 min, and 3 more",
        "2026-11-21T00  ▒ partly covered: 5.1 min open, process died 15 min, and 3 more",
        "2026-11-21T01 to T02  ░ gap: 1 h open, no manifest 1 h",
        "2026-11-21T03 to T05  · not loaded",
    ]
    assert printed(exceptions(HOURS[:1], 80), 80) == ["Every hour of the range was covered wholly by a collector."]


def test_hours_that_are_alike_across_midnight_have_both_days() -> None:
    night = [HourCoverage(Hour.parse(key), {}) for key in ("2026-11-20T23", "2026-11-21T00")]
    assert printed(exceptions(night, 80), 80)[1] == "2026-11-20T23 to 2026-11-21T00  · not loaded"


@pytest.mark.parametrize(("width", "last"), [(80, "missed"), (100, "quarantined"), (120, "seen by")])
def test_everything_fits_the_width(width: int, last: str) -> None:
    lines = [printed(each, width) for each in (strip(HOURS), exceptions(HOURS, width), table(HOURS, width))]
    assert max(len(line) for part in lines for line in part) <= width
    assert [len(part) for part in lines] == [5, 5, 8]  # nothing wraps
    assert lines[2][0].endswith(last)
    assert all(len(line) <= width for line in printed(head(HOURS), width))


def test_a_narrow_terminal_loses_columns_and_reasons_but_no_hour() -> None:
    lines = printed(table(HOURS, 40), 40)
    assert [line.split()[0] for line in lines[1:]] == [
        "2026-11-20T22", "2026-11-20T23", "2026-11-21T00", "2026-11-21T01", "2026-11-21T02", "2026-11-21T03",
        "2026-11-21T06",
    ]  # fmt: skip
    assert printed(exceptions(HOURS, 25), 80)[1] == "2026-11-20T23  ▓ repaired"


def test_one_hour_in_detail() -> None:
    lines = printed(detail(HourCoverage(HOURS[2].hour, HOURS[2].row | AUDIT)), 120)
    for line in (
        "hour             2026-11-21T00 UTC  ▒ partly covered",
        "open             5.1 min that no collector covered and no repair filled",
        "gap of b         15 min, process_died: The collector ended without having been told to.",
        "missed by all    0.55 (0 to 9); a lower bound: it does not count what OpenSea sent to no collector",
        (
            "audit            25 % of the hour; the Events API knows 1204 sales of it,"
            " 4 unseen although covered, 2 in gaps"
        ),
        "stream loss, %   0.334 (0.091 to 0.852)",
    ):
        assert line in lines
    assert all(len(line) <= 80 for line in printed(detail(HOURS[2]), 80))


def test_an_hour_that_was_not_loaded_has_a_next_step() -> None:
    assert "tidemark load 2026-11-21T03" in printed(detail(HOURS[5]), 80)[1]


def test_a_reason_of_a_later_version_cannot_style_the_terminal() -> None:
    strange = HourCoverage(FIRST, {**HOURS[3].row, "gaps": {"\x1b[2J": {"\x1b]0;x\x07": 5}}})
    assert all(
        "\x1b" not in line for each in (exceptions([strange], 100), detail(strange)) for line in printed(each, 100)
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.001, "<0.1 s"), (12.5, "12.5 s"), (Decimal(192), "3.2 min"), (3600, "1 h"), (5400, "1.5 h")],
)
def test_a_length_has_the_unit_a_person_would_take(seconds: float | Decimal, text: str) -> None:
    assert length(seconds) == text
