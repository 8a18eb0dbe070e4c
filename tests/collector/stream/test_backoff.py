"""Growing pauses with full jitter and a cap."""

from hypothesis import given
from hypothesis import strategies as st

from collector.stream.backoff import Backoff, patient, quick

chances = st.floats(0, 1, exclude_max=True)


@given(st.lists(chances, min_size=1, max_size=80))
def test_a_pause_lies_between_the_least_and_the_bound(draws: list[float]) -> None:
    for backoff in (quick(), patient()):
        for attempt, chance in enumerate(draws):
            bound = min(backoff.cap, backoff.first * 2.0**attempt)
            assert backoff.least <= backoff.pause(chance) <= bound


def test_the_jitter_is_full() -> None:
    assert Backoff(first=4, cap=60).pause(0.0) == 0
    assert Backoff(first=4, cap=60).pause(0.5) == 2


def test_the_bound_doubles_up_to_the_cap_and_for_ever() -> None:
    backoff = Backoff(first=1, cap=10)
    bounds = [backoff.pause(1.0) for _ in range(2000)]
    assert bounds[:6] == [1, 2, 4, 8, 10, 10]
    assert bounds[-1] == 10


def test_a_reset_begins_anew() -> None:
    backoff = quick()
    for _ in range(9):
        backoff.pause(0.9)
    backoff.reset()
    assert backoff.pause(1.0) == backoff.first


def test_a_refused_key_is_not_hammered() -> None:
    assert patient().pause(0.0) >= 30
