from hypothesis import given
from hypothesis import strategies as st

from tidemark.simulator.pace import AT_ONCE, Pace


@given(st.lists(st.floats(0.001, 0.5), min_size=1, max_size=200))
def test_the_rate_is_kept_whatever_the_beat(beats: list[float]) -> None:
    pace, now, due = Pace(rate=50.0, since=0.0), 0.0, 0
    for beat in beats:
        now += beat
        due += pace.due(now)
    assert abs(due - now * 50.0) <= 1.001


def test_a_fast_rate_comes_in_portions() -> None:
    pace = Pace(rate=10_000.0, since=0.0)
    portions = [pace.due(0.05) for _ in range(4)]
    assert portions == [AT_ONCE, AT_ONCE, 100, 0]
    assert not pace.behind


def test_a_debt_of_more_than_a_second_is_let_go() -> None:
    pace = Pace(rate=100.0, since=0.0)
    assert pace.due(60.0) == 101
    assert pace.due(60.0) == 0


def test_nothing_is_due_at_rate_zero() -> None:
    pace = Pace(rate=0.0, since=0.0)
    assert pace.due(100.0) == 0
    pace.rate = 10.0
    assert pace.due(100.5) == 5
