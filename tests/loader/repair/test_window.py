"""A window asks for all of its sales, and its paging ends with what is known, however the server behaves."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.archive.manifest import Interval
from tidemark.core.hour import Hour
from tidemark.loader.repair.faults import ApiFault
from tidemark.loader.repair.page import Event, Page
from tidemark.loader.repair.window import LATENESS, MOST_IDLE, GapWindow, Paging

HOUR = Hour.parse("2026-11-22T15")
# 2026-11-22T15:00:00Z
START = 1795359600


def window(start: float, end: float, topic: str = "collection:*") -> GapWindow:
    return GapWindow(HOUR, topic, HOUR.start + timedelta(seconds=start), HOUR.start + timedelta(seconds=end))


def test_the_question_reaches_over_both_ends() -> None:
    assert int(datetime(2026, 11, 22, 15, tzinfo=UTC).timestamp()) == START
    query = window(600.5, 660.5).query
    # two minutes and a second before the gap, a second after it, each rounded outwards
    assert (query["after"], query["before"]) == (str(START + 600 - 120 - 1), str(START + 661 + 1))
    assert (query["event_type"], query["limit"]) == ("sale", "200")


@pytest.mark.parametrize(
    ("topic", "path"),
    [
        ("collection:*", "/events"),
        ("collection:pudgypenguins", "/events/collection/pudgypenguins"),
        ("collection:../../keys?x=", "/events/collection/..%2F..%2Fkeys%3Fx%3D"),
    ],
)
def test_the_topic_says_where_to_ask(topic: str, path: str) -> None:
    assert window(0, 1, topic).path == path


def test_everything_known_covers_the_whole_window() -> None:
    gap = window(600.5, 660.5)
    assert gap.covered_down_to(None) == Interval(gap.topic, gap.start, gap.end)


def test_sales_known_down_to_a_second_cover_what_was_sent_long_enough_after_it() -> None:
    gap = window(0, 3600)
    assert gap.covered_down_to(START + 1799) == Interval(
        gap.topic, HOUR.start + timedelta(seconds=1800) + LATENESS, gap.end
    )
    assert gap.covered_down_to(START + 3599) is None
    assert gap.covered_down_to(START + 3599 - 120) is None
    assert gap.covered_down_to(START + 3599 - 121) is not None
    assert gap.covered_down_to(START - 1000) == Interval(gap.topic, gap.start, gap.end)


NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
WHOLE = GapWindow(HOUR, "collection:*", HOUR.start, HOUR.end)
EVERYTHING = Interval("collection:*", HOUR.start, HOUR.end)


def answer(*seconds: int | None, following: str | None = None, kind: str = "sale") -> Page:
    return Page([event(second, kind) for second in seconds], following)


def event(second: int | None, kind: str = "sale") -> Event:
    at = None if second is None else START + second
    return Event(b'{"at":%d}' % (at or 0), kind, at, readable=True)


def test_one_page_without_a_next_is_all_there_is() -> None:
    paging = Paging(WHOLE)
    assert "next" not in paging.query
    paging.take(answer(50, 40), NOW)
    assert paging.ended
    assert len(paging.events) == 2
    assert paging.covered == EVERYTHING


def test_the_cursor_travels_with_the_other_parameters() -> None:
    paging = Paging(WHOLE)
    paging.take(answer(50, following="abc"), NOW)
    assert not paging.ended
    assert paging.query == WHOLE.query | {"next": "abc"}


def test_what_was_fetched_before_it_broke_off_covers_the_end_of_the_stretch() -> None:
    paging = Paging(WHOLE)
    assert paging.covered is None
    paging.take(answer(3000, 1799, following="abc"), NOW)
    assert paging.covered == Interval("collection:*", HOUR.start + timedelta(seconds=1800) + LATENESS, HOUR.end)


def test_a_cursor_that_comes_again_is_a_fault_of_the_server() -> None:
    paging = Paging(WHOLE)
    paging.take(answer(3000, following="abc"), NOW)
    paging.take(answer(2000, following="abc"), NOW)
    assert paging.ended
    assert paging.fault is ApiFault.REPEATED_CURSOR
    assert len(paging.events) == 2
    assert paging.covered is not None
    assert paging.covered.start == HOUR.start + timedelta(seconds=2001) + LATENESS


def test_events_out_of_order_cover_nothing() -> None:
    within = Paging(WHOLE)
    within.take(answer(10, 20, following="abc"), NOW)
    between = Paging(WHOLE)
    between.take(answer(20, following="abc"), NOW)
    between.take(answer(30, following="def"), NOW)
    for paging in (within, between):
        assert paging.fault is ApiFault.OUT_OF_ORDER
        assert paging.covered is None


def test_other_events_are_left_out() -> None:
    paging = Paging(WHOLE)
    paging.take(answer(50, kind="transfer"), NOW)
    assert paging.events == {}


def test_an_empty_page_in_between_is_not_the_end() -> None:
    paging = Paging(WHOLE)
    paging.take(answer(50, following="abc"), NOW)
    paging.take(answer(following="def"), NOW)
    assert not paging.ended
    paging.take(answer(40), NOW)
    assert len(paging.events) == 2
    assert paging.covered == EVERYTHING


@given(st.lists(st.integers(0, 3599), min_size=1), st.integers(1, 7))
def test_however_the_server_cuts_its_pages_each_sale_is_known_once(seconds: list[int], size: int) -> None:
    seconds.sort(reverse=True)
    paging = Paging(WHOLE)
    for start in range(0, len(seconds), size):
        following = f"{start}" if start + size < len(seconds) else None
        paging.take(answer(*seconds[start : start + size], following=following), NOW)
    assert paging.done
    assert paging.covered == EVERYTHING
    assert len(paging.events) == len(set(seconds))


def test_cursors_that_turn_in_a_longer_circle_are_a_fault_too() -> None:
    paging = Paging(WHOLE)
    for second, following in ((50, "a"), (40, "b"), (30, "c"), (20, "a")):
        assert not paging.ended
        paging.take(answer(second, following=following), NOW)
    assert paging.fault is ApiFault.REPEATED_CURSOR


def test_pages_that_bring_nothing_new_end() -> None:
    paging = Paging(WHOLE)
    for number in range(MOST_IDLE):
        assert not paging.ended
        paging.take(answer(following=f"{number}"), NOW)
    assert paging.fault is ApiFault.ENDLESS
    assert paging.covered is None


def test_an_event_of_no_or_another_time_is_kept_and_says_nothing_of_the_order() -> None:
    paging = Paging(WHOLE)
    paging.take(answer(50, None, -100_000, 10_000_000, 40, following="abc"), NOW)
    assert paging.fault is None
    assert len(paging.events) == 5
    assert paging.covered is not None
    assert paging.covered.start == HOUR.start + timedelta(seconds=41) + LATENESS


def test_a_server_that_answers_another_question_is_not_paged_through() -> None:
    paging = Paging(WHOLE)
    paging.take(answer(90_000, 89_000, following="abc"), NOW)
    assert paging.fault is ApiFault.OUTSIDE
    assert paging.covered is None


def test_the_first_and_the_last_second_that_were_asked_for_count() -> None:
    for second in (WHOLE.before, WHOLE.after):
        paging = Paging(WHOLE)
        paging.take(answer(second - START, following="c"), NOW)
        assert paging.fault is None
    assert paging.covered == EVERYTHING
