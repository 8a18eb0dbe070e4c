"""Whatever a server does, what it sent is on disk or in a gap. CLAIM_ROUNDS and CLAIM_SEED choose the rounds."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from errno import ENOSPC
from functools import partial

import pytest

from collector.recorder import Recorder
from collector.stream.frame import Frame
from collector.stream.proof import Rules
from tests.collector.random_servers import HOUR, Sent, Verdict, World, played

CATS, DOGS = "collection:cats", "collection:dogs"
ROUNDS = int(os.environ.get("CLAIM_ROUNDS", "25"))
SEED = int(os.environ.get("CLAIM_SEED", str(int(time.time()))))


def described(verdict: Verdict) -> str:
    return f"seed {verdict.world.seed}: {len(verdict.false)} claimed falsely, first {verdict.false[:1]}"


def test_what_is_not_received_lies_in_a_gap() -> None:
    print(f"CLAIM_SEED={SEED} CLAIM_ROUNDS={ROUNDS}")  # shown where it fails
    lost, excess, claimed = 0, list[float](), list[float]()
    for seed in range(SEED, SEED + ROUNDS):
        verdict = asyncio.run(played(seed))
        assert verdict.false == [], described(verdict)
        lost += verdict.lost
        excess += verdict.excess()
        claimed.append(verdict.claimed())
    assert lost > 50 * ROUNDS
    assert sorted(excess)[len(excess) // 2] < 3
    assert sorted(claimed)[ROUNDS // 2] > 0.6


async def test_a_world_without_troubles_is_claimed_but_for_its_ends() -> None:
    world = World(7)
    world.events.clear()
    verdict = world.run()
    assert verdict.false == []
    assert verdict.claimed() > 0.95


@pytest.mark.parametrize("hour_ends_after", [0.0, 3.0, -30.0])
async def test_a_silence_that_begins_before_a_kill_is_a_gap_in_each_of_its_hours(hour_ends_after: float) -> None:
    killed_at, silent_at = 151.2, 150.5
    world = QuietCats(23, HOUR.end - timedelta(seconds=killed_at + hour_ends_after))
    world.events = [(250.0, world.recover), (killed_at, world.restart), (silent_at, world.silence_cats)]
    verdict = world.run()
    assert verdict.lost > 100
    assert verdict.false == [], described(verdict)
    assert any(gap.topic == CATS and silent_at - 2 < gap.start < silent_at + 0.3 for gap in verdict.gaps)


class QuietCats(World):
    """A busy topic beside one of eight messages a second, without troubles of its own."""

    def __init__(self, seed: int, began: datetime) -> None:
        self.began_at = began
        super().__init__(seed)

    def plan(self) -> None:
        self.topics = [CATS, DOGS]
        self.usual = {CATS: 8.0, DOGS: 40.0}
        self.rates = dict(self.usual)
        self.joined_for = {topic: [(0.0, 0.0)] for topic in self.topics}
        self.length, self.pauses = 300.0, [5.0]

    def silence_cats(self) -> None:
        self.stalled.add(CATS)

    def draw_beginning(self) -> datetime:
        return self.began_at


async def test_what_a_full_disk_drops_was_sent_before_it_was_full_where_the_connection_lags() -> None:
    slow_at, full_at = 100.0, 133.0
    world = QuietCats(23, HOUR.start)

    def slow() -> None:
        world.age_at = world.length  # a renewed connection would not lag
        for side in world.sides.values():
            side.per_second = 16.0
        world.later(30.0, drain)

    def drain() -> None:
        for side in world.sides.values():
            side.per_second = 150.0

    def fill() -> None:
        world.disk.error = ENOSPC
        world.later(2.0, world.mend_disk)

    world.events = [(full_at, fill), (slow_at, slow)]
    verdict = world.run()
    assert verdict.lost > 100
    assert min(min(losses) for losses in verdict.losses.values()) < full_at - 5
    assert verdict.false == [], described(verdict)


def test_a_silence_is_what_never_stood_in_a_queue_also_in_one_that_was_lost() -> None:
    world = World(7)
    world.joined_for[CATS] = [(float(second), float(second)) for second in range(300)]
    heard = [each / 2 for each in range(120)]  # two a second for a minute, and again from 110 s on
    lost = [each / 2 for each in range(120, 200)]
    silent = Sent(at=105.0, topic=CATS, number=1, joined=True)
    assert world._must_be_noticed(heard, [*heard, 110.0], silent)
    assert not world._must_be_noticed(heard, [*heard, *lost, 110.0], silent)


class WithoutSentTimes(Recorder):
    """A recorder that does not know when messages were sent."""

    def _lags_of(self, frames: Sequence[Frame], received: float) -> list[float | None]:
        return [None] * len(frames)


@pytest.mark.parametrize(
    "recorder",
    [
        partial(Recorder, rules=Rules(surprising=1e9)),
        partial(Recorder, rules=Rules(margin=-5.0)),
        WithoutSentTimes,
    ],
)
def test_the_oracle_finds_a_rule_that_is_missing(recorder: Callable[..., Recorder]) -> None:
    assert any(asyncio.run(played(seed, recorder)).false for seed in range(120, 150))
