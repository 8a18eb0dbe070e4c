import socket
from pathlib import Path

import pytest

from archive.problem import Problem
from simulator.faults import Refuse
from simulator.options import Options
from simulator.server import Simulator


async def test_a_taken_port_is_a_problem(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Problem, match=f"port {port}"):
            async with Simulator(Options(ledger=tmp_path, keys={}, port=port)):
                pass


async def test_addresses_name_the_port_that_it_got(simulator: Simulator) -> None:
    port = int(simulator.address.rpartition(":")[2])
    assert port > 0
    assert simulator.addresses == {
        "stream_url": f"ws://127.0.0.1:{port}/socket/websocket",
        "api_url": f"http://127.0.0.1:{port}/api/v2",
        "control_url": f"http://127.0.0.1:{port}/_control",
        "ledger": str(simulator.options.ledger),
    }


async def test_until_gives_up(simulator: Simulator) -> None:
    with pytest.raises(TimeoutError):
        await simulator.until(lambda: bool(simulator.joined("collector-a")), seconds=0.05)


async def test_it_starts_with_the_faults_it_was_given(tmp_path: Path) -> None:
    options = Options(ledger=tmp_path, keys={}, faults=(Refuse(),))
    async with Simulator(options) as simulator:
        assert simulator.hub.faults.gate(Refuse, "a", None, float("inf")) == Refuse()
