"""The interval of the measured loss: against exact arithmetic, and against 500 hours whose truth is known."""

import math
import random
from fractions import Fraction

import pytest
from sqlalchemy import Connection, text

pytestmark = pytest.mark.postgres
SEED, HOURS = 20261122, 500


def intervals(connection: Connection, counts: list[tuple[int, int]]) -> list[tuple[float, float]]:
    statement = text(
        "SELECT 1 - ops.share_high(trials - events, trials), ops.share_high(events, trials) "
        "FROM unnest(CAST(:events AS bigint[]), CAST(:trials AS bigint[])) WITH ORDINALITY AS c (events, trials, n) "
        "ORDER BY n"
    )
    values = {"events": [events for events, _ in counts], "trials": [trials for _, trials in counts]}
    return [(low, high) for low, high in connection.execute(statement, values)]


def at_most(events: int, trials: int, share: float) -> float:
    """Return the probability of this number of events or fewer, in exact fractions."""
    exact = Fraction(share)
    return float(
        sum(math.comb(trials, i) * exact**i * (1 - exact) ** (trials - i) for i in range(events + 1))
    )  # fmt: skip


@pytest.mark.parametrize(("events", "trials"), [(0, 1), (0, 50), (1, 50), (3, 7), (25, 50), (49, 50), (2, 400)])
def test_the_ends_have_a_tail_of_two_and_a_half_percent(connection: Connection, events: int, trials: int) -> None:
    [(low, high)] = intervals(connection, [(events, trials)])
    assert at_most(events, trials, high) == pytest.approx(0.025, rel=1e-6)
    if events:
        assert 1 - at_most(events - 1, trials, low) == pytest.approx(0.025, rel=1e-6)
    else:
        assert low == 0


def test_the_ends_that_need_no_arithmetic(connection: Connection) -> None:
    # none of n: 1 - 0.025 ** (1 / n), also where the powers are far too small for a double
    [(low, high), (all_low, all_high), (big_low, big_high)] = intervals(
        connection, [(0, 1000), (1000, 1000), (500, 1_000_000)]
    )
    assert (low, high) == (0, pytest.approx(1 - 0.025**0.001))
    assert (all_low, all_high) == (pytest.approx(0.025**0.001), 1)
    assert 0.00045 < big_low < 0.0005 < big_high < 0.00055


def test_the_interval_holds_the_truth_in_at_least_93_of_100_hours(connection: Connection) -> None:
    """Hours of 100 to 20,000 sales whose stream loses 0.01 to 5 %, audited wholly or in part."""
    chance = random.Random(SEED)
    truths, counts = [], []
    for _ in range(HOURS):
        truth = 10 ** chance.uniform(-4, math.log10(0.05))
        known = round(10 ** chance.uniform(2, 4.3) * chance.choice([1, 1, 0.5, 0.1]))
        truths.append(truth)
        counts.append((sum(chance.random() < truth for _ in range(known)), known))
    found = intervals(connection, counts)
    held = sum(low <= truth <= high for truth, (low, high) in zip(truths, found, strict=True))
    print(f"seed {SEED}: the interval holds the truth in {held} of {HOURS} hours ({held / HOURS:.1%})")
    assert held >= 0.93 * HOURS
    assert any(high - low < 0.01 for low, high in found)
