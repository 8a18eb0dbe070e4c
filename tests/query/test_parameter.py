from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.core.errors import Problem
from tidemark.query.parameter import Parameter, values_of

NEWEST = datetime(2026, 11, 22, 16, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
START = Parameter.parse("from start = newest-7d; first day or hour")
END = Parameter.parse("to end = newest; last day or hour, included")
LIMIT = Parameter.parse("limit integer = 20; at most this many rows")
WALLET = Parameter.parse("wallet text; the wallet's address")
CHAIN = Parameter.parse("chain text = null; only this chain")


def test_a_parameter_is_read_from_its_line() -> None:
    assert Parameter("limit", "integer", "20", "at most this many rows") == LIMIT
    assert WALLET.default is None


@pytest.mark.parametrize("line", ["limit number = 20; x", "Limit integer; x", "limit integer = 20", "limit; x", ""])
def test_other_lines_are_refused(line: str) -> None:
    with pytest.raises(ValueError, match="is not a parameter"):
        Parameter.parse(line)


@given(
    st.from_regex(
        r"[a-z]{1,9} (text|integer|start|end|start-hour|end-day)( = [^;\n]{1,9})?; [^\n]{1,20}", fullmatch=True
    )
)
def test_a_line_of_the_grammar_is_printed_back_from_its_parts(line: str) -> None:
    read = Parameter.parse(line)
    default = "" if read.default is None else f" = {read.default}"
    assert f"{read.name} {read.type}{default}; {read.about}" == line


def test_a_day_or_an_hour_begins_at_its_start_and_ends_at_its_end() -> None:
    assert START.read("2026-11-22", NOW) == datetime(2026, 11, 22, tzinfo=UTC)
    assert END.read("2026-11-22", NOW) == datetime(2026, 11, 23, tzinfo=UTC)
    assert START.read("2026-11-22T15", NOW) == datetime(2026, 11, 22, 15, tzinfo=UTC)
    assert END.read("2026-11-22T15", NOW) == NEWEST
    assert START.read("2026-11-22T15:30:00+01:00", NOW) == END.read("2026-11-22T14:30:00Z", NOW)


DAYS = ["%Y-%m-%d", "%Y%m%d", "%G-W%V-%u", "%GW%V%u"]


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(9999, 12, 30)), st.sampled_from(DAYS))
def test_every_spelling_of_a_day_is_that_whole_day(day: date, spelling: str) -> None:
    start = datetime.combine(day, time(), UTC)
    text = start.strftime(spelling)
    assert (START.read(text, NOW), END.read(text, NOW)) == (start, start + timedelta(days=1))


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001 - hypothesis wants it
    st.sampled_from(DAYS),
    st.sampled_from("Tt "),
)
def test_every_spelling_of_an_hour_is_that_whole_hour(moment: datetime, spelling: str, separator: str) -> None:
    start = moment.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    text = start.strftime(f"{spelling}{separator}%H")
    assert (START.read(text, NOW), END.read(text, NOW)) == (start, start + timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", "2026-11-23", "2026-11-24"), ("Yesterday", "2026-11-22", "2026-11-23"),
        ("7d", "2026-11-16", "2026-11-17"), ("12h", "2026-11-22T21", "2026-11-22T22"),
        ("2026-11-22 15", "2026-11-22T15", "2026-11-22T16"),
    ],
)  # fmt: skip
def test_a_time_can_be_relative_to_now(text: str, start: str, end: str) -> None:
    assert START.read(text, NOW) == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert END.read(text, NOW) == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_a_time_without_a_zone_is_in_utc() -> None:
    assert START.read("2026-11-22T15:30:00", NOW) == datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
    assert (
        START.read("20261122T15:30", NOW)
        == END.read("2026-11-22 15:30", NOW)
        == datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("text", "chain"), [("matic", "polygon"), ("MATIC", "polygon"), ("Ethereum", "ethereum"), ("base", "base")]
)
def test_a_chain_is_understood_in_any_spelling(text: str, chain: str) -> None:
    assert CHAIN.read(text, NOW) == chain


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (START, "tomorrow"), (START, "2026-11-31"), (START, "7w"), (START, "99999d"), (START, "-1d"),
        (END, "9999-12-31"),
        (LIMIT, "0"), (LIMIT, "1000001"), (LIMIT, "1.5"), (LIMIT, "1" * 5000), (LIMIT, ""),
        (END, "2026-W47"), (END, "2026W47"), (END, "2026-11"), (END, "2026-1122"), (END, "20261122T24"),
        (END, "20261122T1504"), (END, "2026-11-22T15Z"), (END, "2026-11-22T15+01:00"), (END, "2026-11-22_15:04"),
        (START, "newest"), (CHAIN, ""), (CHAIN, "a\0b"),
    ],
)  # fmt: skip
def test_a_wrong_text_is_a_problem_that_names_the_parameter(parameter: Parameter, text: str) -> None:
    with pytest.raises(Problem) as caught:
        parameter.read(text, NOW)
    assert caught.value.what.startswith(f"--{parameter.name} ")
    assert caught.value.hint.startswith(f"Write it as --{parameter.name} ")


@given(st.sampled_from([START, END, LIMIT, CHAIN]), st.text())
def test_any_text_gives_a_value_of_its_type_or_a_problem(parameter: Parameter, text: str) -> None:
    try:
        value = parameter.read(text, NOW)
    except Problem:
        return
    assert isinstance(value, {"text": str, "integer": int, "start": datetime, "end": datetime}[parameter.type])


def test_defaults_are_relative_to_the_newest_hour() -> None:
    assert values_of([START, END, LIMIT, CHAIN], {}, NEWEST, NOW) == {
        "from": datetime(2026, 11, 15, tzinfo=UTC), "to": NEWEST, "limit": 20, "chain": None,
    }  # fmt: skip
    oldest = Parameter.parse("from start = oldest; x")
    assert oldest.fallback(NEWEST) == datetime(2000, 1, 1, tzinfo=UTC)


def test_an_answer_of_whole_days_ends_with_the_newest_day() -> None:
    whole = [Parameter.parse("from start-day = newest-7d; x"), Parameter.parse("to end-day = newest; x")]
    day = datetime(2026, 11, 23, tzinfo=UTC)
    assert values_of(whole, {}, NEWEST, NOW) == {"from": datetime(2026, 11, 15, tzinfo=UTC), "to": day}
    assert values_of(whole, {}, day, NOW) == {"from": day - timedelta(days=7), "to": day}


@pytest.mark.parametrize("text", ["1999-12-31", "0001-01-01", "0001-01-01T00", "1999-12-31T23:59:59Z"])
def test_a_year_before_2000_is_a_problem(text: str) -> None:
    for parameter in (START, END):
        with pytest.raises(Problem, match="from the year 2000 on"):
            values_of([START, END], {parameter.name: text}, NEWEST, NOW)


def test_a_time_that_is_left_out_follows_from_the_one_that_is_given() -> None:
    day = datetime(2026, 11, 1, tzinfo=UTC)
    assert values_of([START, END], {"to": "2026-10-31"}, NEWEST, NOW) == {"from": day - timedelta(days=7), "to": day}
    with pytest.raises(Problem, match=r"--from 2027-01-01 is after the last loaded hour, 2026-11-22T15\."):
        values_of([START, END], {"from": "2027-01-01"}, NEWEST, NOW)


@pytest.mark.parametrize(
    ("type_", "taken", "refused"),
    [
        (
            "start-hour",
            ["2026-11-20", "2026-11-20T10", "2026-11-20T10:00Z", "2026-11-20T10:00+05:00"],
            "2026-11-20T10:01Z",
        ),
        ("end-hour", ["2026-11-20", "2026-11-20T10", "2026-11-20T10:00Z"], "2026-11-20T10:59Z"),
        ("start-day", ["2026-11-20", "2026-11-20T00"], "2026-11-20T10"),
        ("end-day", ["2026-11-20", "2026-11-20T23"], "2026-11-20T10"),
    ],
)
def test_an_answer_of_whole_hours_or_days_takes_no_less(type_: str, taken: list[str], refused: str) -> None:
    parameter = Parameter("from", type_, None, "x")
    for text in taken:
        assert isinstance(parameter.read(text, NOW), datetime)
    with pytest.raises(Problem, match="of which this answer is made"):
        parameter.read(refused, NOW)


def test_what_was_given_comes_before_the_default() -> None:
    assert values_of([LIMIT, WALLET], {"limit": "3", "wallet": "0xa"}, NEWEST, NOW) == {"limit": 3, "wallet": "0xa"}


def test_a_missing_parameter_is_a_problem() -> None:
    with pytest.raises(Problem, match="--wallet is missing: the wallet's address"):
        values_of([WALLET], {}, NEWEST, NOW)


def test_an_unknown_parameter_is_a_problem_that_names_the_known_ones() -> None:
    with pytest.raises(Problem, match="no parameter --wallet") as caught:
        values_of([LIMIT, CHAIN], {"wallet": "0xa"}, NEWEST, NOW)
    assert caught.value.hint == "It has --chain, --limit"


def test_a_range_that_runs_backwards_is_a_problem() -> None:
    day = {"from": "2026-11-22", "to": "2026-11-22"}
    assert values_of([START, END], day, NEWEST, NOW) == {
        "from": NEWEST.replace(hour=0),
        "to": datetime(2026, 11, 23, tzinfo=UTC),
    }
    with pytest.raises(Problem, match="--from 2026-11-22 is not before --to 2026-11-21"):
        values_of([START, END], {"from": "2026-11-22", "to": "2026-11-21"}, NEWEST, NOW)
