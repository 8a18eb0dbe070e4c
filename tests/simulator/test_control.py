from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.simulator.client import connected, envelope
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=simulator.control_url, trust_env=False, timeout=60) as client:
        yield client


async def test_faults_are_scheduled_fire_and_are_listed(simulator: Simulator, http: httpx.AsyncClient) -> None:
    answer = await http.post("faults", json={"fault": "crash_channel", "client": "collector-a"})
    assert answer.status_code == 201
    async with connected(simulator) as client:
        await client.join()
        assert (await client.hear())[3] == "phx_error"
    (fired,) = (await http.get("faults")).json()
    assert (fired["fault"], fired["client"], fired["connection"]) == ("crash_channel", "collector-a", 1)


async def test_faults_can_be_disarmed(simulator: Simulator, http: httpx.AsyncClient) -> None:
    simulator.arm()
    await http.post("faults", json={"fault": "refuse"})
    assert (await http.delete("faults")).status_code == 204
    async with connected(simulator) as client:
        await client.join()
    assert (await http.get("faults")).json() == []


async def test_a_mistaken_fault_is_explained(http: httpx.AsyncClient) -> None:
    answer = await http.post("faults", json={"fault": "earthquake"})
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid value 'earthquake' - at `$.fault`"})


async def test_messages_are_sent_as_a_recording_is(simulator: Simulator, http: httpx.AsyncClient) -> None:
    async with connected(simulator) as client:
        await client.join()
        answer = await http.post("messages", content=envelope() + b"\n" + envelope("item_listed"))
        assert answer.json() == {"messages": 2}
        assert [(await client.hear())[3] for _ in range(2)] == ["item_sold", "item_listed"]


async def test_the_market_can_be_started_and_stopped(simulator: Simulator, http: httpx.AsyncClient) -> None:
    async with connected(simulator) as client:
        await client.join()
        assert (await http.put("rate", content="200")).json() == {"rate": 200.0}
        await client.hear()
        await http.put("rate", content="0")
    assert simulator.hub.pace.rate == 0


@pytest.mark.parametrize("rate", ["-1", '"fast"', ""])
async def test_a_mistaken_rate_is_explained(http: httpx.AsyncClient, rate: str) -> None:
    answer = await http.put("rate", content=rate)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_status_shows_who_is_connected(tmp_path: Path) -> None:
    options = Options(ledger=tmp_path, keys={"key-a": "collector-a"})
    async with Simulator(options) as simulator, connected(simulator) as client:
        await client.join("collection:seals")
        simulator.send(envelope(), envelope(slug="gulls"))
        await client.hear()
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            status = (await http.get(f"{simulator.control_url}/status")).json()
    assert status["published"] == {"item_sold": 2}
    assert status["connections"] == [
        {"connection": 1, "client": "collector-a", "topics": ["collection:seals"], "sent": 1, "queued": 0}
    ]
