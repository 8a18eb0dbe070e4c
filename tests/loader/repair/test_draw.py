"""The windows of an audit: all where the budget is enough, else a fair sample that the seed decides."""

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tidemark.core.hour import Hour
from tidemark.loader.repair.draw import PARTS, Drawn, DueHour, draw
from tidemark.loader.repair.window import MARKET

FIRST = Hour.parse("2026-11-22T00")


def due(number: int, **sales: int) -> DueHour:
    hour = Hour(FIRST.start + timedelta(hours=number))
    return DueHour(hour, {f"collection:{slug}": count for slug, count in sales.items()} or {MARKET: 500})


def hours_of(drawn: list[Drawn]) -> list[int]:
    return [(each.window.hour.start - FIRST.start) // timedelta(hours=1) for each in drawn]


def test_everything_that_fits_is_asked_for_newest_first() -> None:
    drawn = draw([due(0), due(2), due(1)], 9, seed=1)
    assert hours_of(drawn) == [2, 1, 0]
    assert [each.requests for each in drawn] == [3, 3, 3]
    assert {(each.window.start, each.window.end) for each in drawn} == {
        (each.window.hour.start, each.window.hour.end) for each in drawn
    }


def test_who_records_the_whole_market_is_asked_about_nothing_else() -> None:
    mixed = DueHour(FIRST, {MARKET: 10, "collection:cats": 5})
    assert [each.window.topic for each in draw([mixed], 10, seed=1)] == [MARKET]


def test_with_a_small_budget_the_newest_hour_comes_first_and_the_others_are_drawn() -> None:
    seconds = Counter(hours_of(draw([due(number) for number in range(20)], 6, seed))[1] for seed in range(300))
    assert all(hours_of(draw([due(number) for number in range(20)], 6, seed))[0] == 19 for seed in range(20))
    assert len(seconds) == 19


def test_an_hour_that_is_too_long_is_asked_about_in_parts() -> None:
    [hour] = [DueHour(FIRST, {MARKET: 12_000})]
    drawn = draw([hour], 13, seed=3)
    assert [each.window.end - each.window.start for each in drawn] == [timedelta(minutes=5)] * 2
    starts = Counter(each.window.start for seed in range(400) for each in draw([hour], 13, seed))
    assert len(starts) == PARTS
    assert max(starts.values()) < 2 * min(starts.values())


def test_each_collection_has_about_the_same_chance() -> None:
    hour = due(0, **{f"c{number}": 10 for number in range(10)})
    drawn = Counter(each.window.topic for seed in range(500) for each in draw([hour], 3, seed))
    assert sum(drawn.values()) == 1500
    assert all(100 < times < 200 for times in drawn.values())


def test_even_a_window_larger_than_the_budget_is_begun() -> None:
    assert len(draw([due(0, cats=10_000)], 1, seed=1)) == 1
    assert draw([], 5, seed=1) == []


@given(
    st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2_000), min_size=1), max_size=6),
    st.integers(1, 60),
    st.integers(),
)
def test_a_draw_keeps_to_its_budget_and_is_the_same_again(frame: list[dict[str, int]], budget: int, seed: int) -> None:
    hours = [due(number, **sales) for number, sales in enumerate(frame)]
    drawn = draw(hours, budget, seed)
    assert drawn == draw(hours, budget, seed)
    windows = [each.window for each in drawn]
    assert len(windows) == len(set(windows))
    assert sum(each.requests for each in drawn[:-1]) <= budget
