"""Whatever a server does, what it sent is on disk or in a gap. CLAIM_ROUNDS and CLAIM_SEED choose the rounds."""

import asyncio
import os
import time

import pytest

from collector.stream import proof
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
    assert verdict.lost == 0
    assert verdict.claimed() > 0.95


def nothing(*_: object) -> None:
    """Follow no sent times."""


@pytest.mark.parametrize(("rule", "instead"), [("SHORTEST_DOUBT", 1e9), ("MARGIN", -5.0), ("Proof._follow", nothing)])
def test_the_oracle_finds_a_rule_that_is_missing(rule: str, instead: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{proof.__name__}.{rule}", instead)
    assert any(asyncio.run(played(seed)).false for seed in range(100, 112))
