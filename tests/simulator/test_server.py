import asyncio
import socket
import ssl
from pathlib import Path

import httpx
import pytest

from bench.certificate import self_signed
from tests.simulator.client import connected, envelope
from tidemark.core.errors import Problem
from tidemark.simulator.faults import Refuse
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator


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
        assert simulator.hub.faults.request_fault(Refuse, "a", None, float("inf")) == Refuse()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a certificate for 127.0.0.1, signed by itself, and its key."""
    file = tmp_path_factory.mktemp("tls") / "simulator.pem"
    file.write_bytes(self_signed())
    return file


async def test_everything_is_served_over_tls_with_a_certificate(tmp_path: Path, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    options = Options(ledger=tmp_path, keys={"key-a": "collector-a"}, certificate=certificate)
    async with Simulator(options) as simulator:
        assert simulator.stream_url.startswith("wss://")
        async with connected(simulator, tls=trusting) as client:
            await client.join()
            simulator.send(*[envelope(price=number) for number in range(1000)])
            heard = [(await client.hear())[4]["payload"]["price"] for _ in range(1000)]
        async with httpx.AsyncClient(verify=trusting, trust_env=False, timeout=60) as http:
            assert (await http.get(f"{simulator.control_url}/status")).status_code == 200
    assert heard == list(range(1000))


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_certificate_that_cannot_be_used_is_a_problem(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "certificate.pem").write_text(content)
    with pytest.raises(Problem, match="certificate"):
        async with Simulator(Options(ledger=tmp_path, keys={}, certificate=tmp_path / "certificate.pem")):
            pass


async def test_a_ledger_that_cannot_be_written_ends_it(tmp_path: Path) -> None:
    (tmp_path / "sales.jsonl").symlink_to("/dev/full")
    options = Options(ledger=tmp_path, keys={}, rate=500.0, sales_share=0.5)
    with pytest.raises(Problem, match="No space left"):
        async with Simulator(options) as simulator:
            await asyncio.wait([simulator.tick_task])
