"""Paging ends with what is known and what it covers, however the server behaves."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tidemark.archive.manifest import Interval
from tidemark.core.hour import Hour
from tidemark.loader.repair.answer import Event, Page
from tidemark.loader.repair.fetch import Fetch
from tidemark.loader.repair.stretch import LATENESS, Stretch

HOUR = Hour.parse("2026-11-22T15")
START = int(HOUR.start.timestamp())
NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
WHOLE = Stretch(HOUR, "collection:*", HOUR.start, HOUR.end)
EVERYTHING = Interval("collection:*", HOUR.start, HOUR.end)


def answer(*seconds: int, following: str | None = None, kind: str = "sale") -> tuple[Page, list[Event]]:
    events = [Event(kind, START + second) for second in seconds]
    return Page([msgspec.Raw(msgspec.json.encode(event)) for event in events], following), events


def test_one_page_without_a_next_is_all_there_is() -> None:
    fetch = Fetch(WHOLE)
    assert "next" not in fetch.query
    fetch.take(*answer(50, 40), NOW)
    assert fetch.ended
    assert len(fetch.sales) == 2
    assert fetch.covered == EVERYTHING


def test_the_cursor_travels_with_the_other_parameters() -> None:
    fetch = Fetch(WHOLE)
    fetch.take(*answer(50, following="abc"), NOW)
    assert not fetch.ended
    assert fetch.query == WHOLE.query | {"next": "abc"}


def test_what_was_fetched_before_it_broke_off_covers_the_end_of_the_stretch() -> None:
    fetch = Fetch(WHOLE)
    assert fetch.covered is None
    fetch.take(*answer(3000, 1799, following="abc"), NOW)
    assert fetch.covered == Interval("collection:*", HOUR.start + timedelta(seconds=1800) + LATENESS, HOUR.end)


def test_a_cursor_that_comes_again_is_a_fault_of_the_server() -> None:
    fetch = Fetch(WHOLE)
    fetch.take(*answer(3000, following="abc"), NOW)
    fetch.take(*answer(2000, following="abc"), NOW)
    assert fetch.ended
    assert fetch.fault == "it repeats its cursor"
    assert len(fetch.sales) == 2
    assert fetch.covered is not None
    assert fetch.covered.start == HOUR.start + timedelta(seconds=2001) + LATENESS


def test_events_out_of_order_cover_nothing() -> None:
    within = Fetch(WHOLE)
    within.take(*answer(10, 20, following="abc"), NOW)
    between = Fetch(WHOLE)
    between.take(*answer(20, following="abc"), NOW)
    between.take(*answer(30, following="def"), NOW)
    for fetch in (within, between):
        assert fetch.fault is not None
        assert fetch.covered is None


def test_other_events_are_left_out() -> None:
    fetch = Fetch(WHOLE)
    fetch.take(*answer(50, kind="transfer"), NOW)
    assert fetch.sales == {}


def test_an_empty_page_in_between_is_not_the_end() -> None:
    fetch = Fetch(WHOLE)
    fetch.take(*answer(50, following="abc"), NOW)
    fetch.take(*answer(following="def"), NOW)
    assert not fetch.ended
    fetch.take(*answer(40), NOW)
    assert len(fetch.sales) == 2
    assert fetch.covered == EVERYTHING


@given(st.lists(st.integers(0, 3599), min_size=1), st.integers(1, 7))
def test_however_the_server_cuts_its_pages_each_sale_is_known_once(seconds: list[int], size: int) -> None:
    seconds.sort(reverse=True)
    fetch = Fetch(WHOLE)
    for start in range(0, len(seconds), size):
        following = f"{start}" if start + size < len(seconds) else None
        fetch.take(*answer(*seconds[start : start + size], following=following), NOW)
    assert fetch.done
    assert fetch.covered == EVERYTHING
    assert len(fetch.sales) == len(set(seconds))
