import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tidemark.core.errors import Problem
from tidemark.local.environment import COLLECTORS, bare, loading
from tidemark.local.ports import free_port
from tidemark.local.services.simulator import SimulatorProcess
from tidemark.local.up.supervisor import LAST_DEMO
from tidemark.simulator.ledger import Sold, read_ledger


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    simulator = SimulatorProcess(tmp_path, bare(os.environ), sales_share=0.5)
    simulator.start()
    yield simulator
    simulator.stop()


def test_it_is_silent_until_a_rate_is_set_and_its_ledger_is_whole_once_it_stopped(simulator: SimulatorProcess) -> None:
    assert list(read_ledger(simulator.ledger, Sold)) == []
    simulator.set_rate(200)
    wait_for_sales(simulator)
    simulator.stop()
    assert list(read_ledger(simulator.ledger, Sold))


def test_it_says_where_it_is_and_knows_each_collector(simulator: SimulatorProcess) -> None:
    source = simulator.source
    assert source.stream["TIDEMARK_STREAM_URL"].startswith("ws://127.0.0.1:")
    assert source.api["TIDEMARK_API_URL"].startswith("http://127.0.0.1:")
    assert set(source.keys) == set(COLLECTORS)


def test_orders_and_transfers_of_its_market_are_kept_also_when_an_hour_of_the_demo_is_loaded_by_hand(
    simulator: SimulatorProcess,
) -> None:
    for source in (simulator.source, LAST_DEMO):
        kept = loading("postgresql://w", source)
        assert (kept["TIDEMARK_BOOK_DEPTH"], kept["TIDEMARK_TRANSFERS"]) == ("100", "true")


def test_a_fault_that_there_is_not_is_refused(simulator: SimulatorProcess) -> None:
    simulator.inject("reset", client="collector-a")
    with pytest.raises(Problem, match="earthquake"):
        simulator.inject("earthquake")


def test_a_simulator_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    broken = SimulatorProcess(tmp_path, {"TIDEMARK_CLOCK": "noon"}, sales_share=0.5)
    with pytest.raises(Problem, match=r"(?s)simulator: it did not start.*noon"):
        broken.start()
    broken.stop()


def test_a_second_start_in_the_same_folder_answers_at_its_own_address(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    for port in ports:
        simulator = SimulatorProcess(tmp_path, bare(os.environ), sales_share=0.5, port=port)
        simulator.start()
        try:
            assert simulator.source.stream["TIDEMARK_STREAM_URL"].startswith(f"ws://127.0.0.1:{port}/")
            simulator.set_rate(0)
        finally:
            simulator.stop()


def test_a_restarted_simulator_goes_on_at_its_address_with_other_sales(tmp_path: Path) -> None:
    simulator = SimulatorProcess(tmp_path, bare(os.environ), sales_share=0.5, port=free_port(), seed=None)
    sales = []
    try:
        for _ in range(2):
            simulator.start()
            if not sales:
                simulator.set_rate(200)
            wait_for_sales(simulator)
            address = simulator.source.stream
            psutil.Process(simulator.pid).kill()
            while simulator.pid:
                time.sleep(0.02)
            first = next(iter(read_ledger(simulator.ledger, Sold)))
            sales.append((address["TIDEMARK_STREAM_URL"], first.sale.transaction))
            time.sleep(1)  # the seed is the second of the start
    finally:
        simulator.stop()
    assert sales[0][0] == sales[1][0]
    assert sales[0][1] != sales[1][1]


def wait_for_sales(simulator: SimulatorProcess) -> None:
    deadline = time.monotonic() + 60
    while not (simulator.ledger / "sales.jsonl").stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.05)
