"""Pauses grow, are spread, and end at a cap."""

import pytest

from collector.stream.backoff import KEY_REFUSAL, LOSS, REFUSAL, Backoff


@pytest.mark.parametrize("steps", [LOSS, REFUSAL, KEY_REFUSAL])
def test_pauses_are_the_steps_and_then_always_the_last(steps: tuple[float, ...]) -> None:
    backoff = Backoff(steps)
    found = [backoff.pause(1.0) for _ in range(len(steps) + 3)]
    assert found == [*steps, *[steps[-1]] * 3]
    assert found == sorted(found)
    backoff.reset()
    assert backoff.pause(1.0) == steps[0]


def test_a_pause_is_spread_over_the_upper_half_of_its_step() -> None:
    assert [Backoff(REFUSAL, 4).pause(chance) for chance in (0.0, 0.5, 1.0)] == [15.0, 22.5, 30.0]


def test_a_refusal_of_the_key_is_never_followed_at_once() -> None:
    assert min(Backoff(KEY_REFUSAL, attempt).pause(0.0) for attempt in range(10)) >= 30
