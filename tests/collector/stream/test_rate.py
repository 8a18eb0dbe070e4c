"""How surprising is this silence."""

import math
import random

import pytest

from collector.stream.rate import LONGEST_COUNTED, MEMORY, SURPRISING, Rate


def flowing(per_second: float, seconds: float, *, batch: int = 1) -> Rate:
    """Return what is learned from an even stream."""
    rate, step = Rate(), batch / per_second
    for _ in range(int(seconds / step)):
        rate.heard(batch, step)
    return rate


def longest_plausible(rate: Rate) -> float:
    """Return the shortest silence that is implausible, found without `plausible`."""
    return next(after for step in range(1, 10_000_000) if rate.surprise(after := step / 50) >= SURPRISING)


@pytest.mark.parametrize("per_second", [3000, 40, 1, 0.1])
def test_a_silence_is_implausible_when_some_ten_messages_are_missing(per_second: float) -> None:
    rate = flowing(per_second, max(60, 200 / per_second), batch=max(1, int(per_second / 10)))
    assert 9 <= longest_plausible(rate) * per_second <= 20 + 0.02 * per_second
    assert rate.plausible() == pytest.approx(longest_plausible(rate), abs=0.02 + 0.01 * longest_plausible(rate))


def test_nothing_known_makes_nothing_implausible() -> None:
    assert Rate().surprise(1e9) == 0
    assert Rate().plausible() > 1e9


@pytest.mark.parametrize("per_second", [0.05, 1.0, 20.0])
def test_chance_alone_rarely_makes_a_silence_implausible(per_second: float) -> None:
    chance, rate = random.Random(7), flowing(per_second, 4000 / per_second)
    surprises = 0
    for _ in range(50_000):
        silence = chance.expovariate(per_second)
        surprises += rate.surprise(silence) >= SURPRISING
        rate.heard(1, silence)
    assert surprises <= 50_000 * math.exp(-SURPRISING) + 15


def test_an_outage_does_not_pass_for_a_low_rate() -> None:
    rate = flowing(200, 600, batch=20)
    rate.heard(1, 3600.0)
    assert rate.surprise(1.0) >= SURPRISING
    assert rate.seconds <= MEMORY


def test_a_stream_that_has_become_slow_is_believed_after_hours() -> None:
    rate, passed = flowing(200, 3600, batch=20), 0.0
    while rate.surprise(60.0) >= SURPRISING:
        rate.heard(1, 60.0)
        passed += 60.0
    assert 1800 <= passed <= 3 * 3600


def test_an_evening_that_grows_quiet_is_hardly_ever_doubted() -> None:
    rate, per_second, chance = flowing(40, 3600, batch=4), 40.0, random.Random(7)
    implausible = total = 0.0
    while per_second > 0.01:
        for _ in range(max(200, int(300 * per_second))):
            silence = chance.expovariate(per_second)
            total += silence
            implausible += silence if silence > 1.0 and rate.surprise(silence) >= SURPRISING else 0.0
            rate.heard(1, silence)
        per_second *= 0.8
    assert implausible / total < 0.02


def test_a_topic_that_brings_its_messages_in_bursts_is_not_thought_busy() -> None:
    chance, rate = random.Random(7), flowing(0.5, 60)
    implausible = total = 0.0
    for _ in range(300):
        silence = chance.expovariate(1 / 600)
        total += silence
        implausible += silence if rate.surprise(silence) >= SURPRISING else 0.0
        rate.heard(1, silence)
        for _ in range(50):
            rate.heard(1, 0.02)
    assert implausible / total < 0.1


def test_a_rate_that_rises_is_learned_within_minutes() -> None:
    rate = flowing(1, 1200)
    for _ in range(600 * 10):
        rate.heard(10, 0.1)
    assert rate.messages / rate.seconds > 20


def test_days_of_silence_are_believed_at_last() -> None:
    rate = flowing(40, 3600, batch=4)
    assert rate.surprise(3600.0) >= SURPRISING
    assert rate.surprise(24 * 3600.0) >= SURPRISING
    assert rate.surprise(7 * 24 * 3600.0) < SURPRISING


def test_a_topic_that_brings_little_is_remembered_for_long() -> None:
    rate = flowing(1 / 300, 100 * 300)
    assert LONGEST_COUNTED < 300 * 10 <= longest_plausible(rate) <= 300 * 16
