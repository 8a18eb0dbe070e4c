"""Is this silence plausible for this stream."""

import random

import pytest

from collector.stream.watchdog import Watchdog


def flowing(per_second: float, seconds: float, *, at: float = 0.0, batch: int = 1) -> tuple[Watchdog, float]:
    """Return a watchdog that heard an even stream, and the time."""
    watchdog, now = Watchdog(), at
    watchdog.begin(now)
    while now < at + seconds:
        now += batch / per_second
        watchdog.heard(batch, now)
    return watchdog, now


def first_stall(watchdog: Watchdog, now: float, limit: float) -> float | None:
    return next((after for after in range(int(limit)) if watchdog.stalled(now + after)), None)


@pytest.mark.parametrize(("rate", "least", "most"), [(3000, 60, 62), (40, 60, 62), (1, 60, 62), (0.1, 480, 560)])
def test_silence_is_a_stall_when_the_rate_says_so(rate: float, least: float, most: float) -> None:
    watchdog, now = flowing(rate, max(60, 200 / rate), batch=max(1, int(rate / 10)))
    found = first_stall(watchdog, now, 2000)
    assert found is not None
    assert least <= found <= most


def test_a_stream_that_was_always_quiet_never_stalls() -> None:
    watchdog, now = flowing(1 / 3600, 30 * 3600)
    assert first_stall(watchdog, now, 200_000) is None
    assert watchdog.plausible(now + 86_400)


def test_a_stream_that_never_said_anything_never_stalls() -> None:
    watchdog = Watchdog()
    assert not watchdog.stalled(1e9)
    watchdog.begin(0)
    assert not watchdog.stalled(1e9)
    assert watchdog.plausible(1e9)


def test_an_evening_that_grows_quiet_is_not_a_stall() -> None:
    watchdog, now = flowing(40, 3600, batch=4)
    rate, chance = 40.0, random.Random(7)
    fired = 0
    while rate > 0.01:
        for _ in range(200):
            gap = chance.expovariate(rate)
            fired += watchdog.stalled(now + gap)
            now += gap
            watchdog.heard(1, now)
        rate *= 0.7
    assert fired == 0


def test_bursts_teach_patience() -> None:
    watchdog, now = Watchdog(), 0.0
    watchdog.begin(now)
    fired = []
    for burst in range(12):
        for _ in range(100):
            now += 0.01
            watchdog.heard(1, now)
        silence = next((now + after for after in range(600) if watchdog.stalled(now + after)), None)
        if silence:
            fired.append(burst)
            watchdog.forget()
            watchdog.begin(silence)
        now += 600
    assert len(fired) <= 1


def test_after_a_stall_a_quiet_stream_is_left_alone() -> None:
    watchdog, now = flowing(100, 60, batch=10)
    assert watchdog.stalled(now + 100)
    watchdog.forget()
    watchdog.begin(now + 100)
    assert first_stall(watchdog, now + 100, 100_000) is None


def test_a_second_real_stall_is_found_as_fast_as_the_first() -> None:
    watchdog, now = flowing(100, 60, batch=10)
    watchdog.forget()
    watchdog.begin(now + 100)
    for step in range(1000):
        watchdog.heard(10, now + 100 + step / 10)
    assert first_stall(watchdog, now + 200, 1000) in range(59, 63)


def test_a_heartbeat_proves_the_subscription_only_while_silence_is_plausible() -> None:
    watchdog, now = flowing(100, 60, batch=10)
    assert watchdog.plausible(now + 0.04)
    assert not watchdog.plausible(now + 5)
