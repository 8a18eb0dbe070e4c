import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidemark.core.errors import Problem
from tidemark.local.environment import COLLECTORS, bare
from tidemark.local.services.simulator import SimulatorProcess
from tidemark.simulator.disk import read_ledger
from tidemark.simulator.ledger import Sold


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    simulator = SimulatorProcess(tmp_path, bare(os.environ), sales_share=0.5)
    simulator.start()
    yield simulator
    simulator.stop()


def test_it_is_silent_until_a_rate_is_set_and_its_ledger_is_whole_once_it_stopped(simulator: SimulatorProcess) -> None:
    assert list(read_ledger(simulator.ledger, Sold)) == []
    simulator.set_rate(200)
    deadline = time.monotonic() + 30
    while not (simulator.ledger / "sales.jsonl").stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    simulator.stop()
    assert list(read_ledger(simulator.ledger, Sold))


def test_it_says_where_it_is_and_knows_each_collector(simulator: SimulatorProcess) -> None:
    source = simulator.source
    assert source.stream["TIDEMARK_STREAM_URL"].startswith("ws://127.0.0.1:")
    assert source.api["TIDEMARK_API_URL"].startswith("http://127.0.0.1:")
    assert set(source.keys) == set(COLLECTORS)


def test_a_fault_that_there_is_not_is_refused(simulator: SimulatorProcess) -> None:
    simulator.inject("reset", client="collector-a")
    with pytest.raises(Problem, match="earthquake"):
        simulator.inject("earthquake")


def test_a_simulator_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    broken = SimulatorProcess(tmp_path, {"TIDEMARK_CLOCK": "noon"}, sales_share=0.5)
    with pytest.raises(Problem, match=r"(?s)simulator: it did not come up.*noon"):
        broken.start()
    broken.stop()
