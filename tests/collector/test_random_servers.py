"""Whatever a server does, what it sent is on disk or in a gap. CLAIM_ROUNDS and CLAIM_SEED choose the rounds."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from collector.recorder import Recorder
from collector.stream.frame import Frame
from collector.stream.proof import Rules
from tests.collector.random_servers import Verdict, World, played

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


class WithoutSentTimes(Recorder):
    """A recorder that does not know when messages were sent."""

    def _lags_of(self, frames: Sequence[Frame], received: float) -> list[float | None]:
        return [None] * len(frames)


@pytest.mark.parametrize(
    "recorder",
    [
        partial(Recorder, rules=Rules(doubt=1e9)),
        partial(Recorder, rules=Rules(margin=-5.0)),
        WithoutSentTimes,
    ],
)
def test_the_oracle_finds_a_rule_that_is_missing(recorder: Callable[..., Recorder]) -> None:
    assert any(asyncio.run(played(seed, recorder)).false for seed in range(120, 150))
