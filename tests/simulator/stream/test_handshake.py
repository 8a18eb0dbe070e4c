import asyncio
import time
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.simulator.client import connected
from tidemark.simulator.faults import CloseOnOpen, HangHandshake, Refuse
from tidemark.simulator.server import Simulator
from tidemark.simulator.stream.handshake import read_vsn


async def refusal(simulator: Simulator, key: str = "key-a") -> InvalidStatus:
    with pytest.raises(InvalidStatus) as refused:
        async with connected(simulator, key):
            pass
    return refused.value


@pytest.mark.parametrize("key", ["", "key-c"])
async def test_an_unknown_key_is_refused(simulator: Simulator, key: str) -> None:
    assert (await refusal(simulator, key)).response.status_code == 403


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503])
async def test_a_handshake_may_be_refused(simulator: Simulator, status: int) -> None:
    simulator.arm(Refuse(status=status, retry_after="7", client="collector-a"))
    response = (await refusal(simulator)).response
    assert (response.status_code, response.headers["Retry-After"]) == (status, "7")
    async with connected(simulator) as client:
        assert (await client.join())[3] == "phx_reply"
    assert [(fired.fault, fired.client, fired.connection) for fired in simulator.fired] == [
        ("refuse", "collector-a", None)
    ]


async def test_a_handshake_may_hang(simulator: Simulator) -> None:
    simulator.arm(HangHandshake(hold=0.2))
    before = time.monotonic()
    async with connected(simulator) as client:
        assert time.monotonic() - before >= 0.2
        assert (await client.join())[3] == "phx_reply"
    assert [fired.fault for fired in simulator.fired] == ["hang_handshake"]


async def test_a_socket_may_be_closed_right_after_it_was_opened(simulator: Simulator) -> None:
    simulator.arm(CloseOnOpen(code=1008))
    async with connected(simulator) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await client.hear()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


async def test_a_client_without_a_version_gets_objects(simulator: Simulator) -> None:
    async with connected(simulator, vsn="") as client:
        await client.ws.send('{"topic":"collection:*","event":"phx_join","payload":{},"ref":"1"}')
        assert (await client.hear())["event"] == "phx_reply"


async def test_connections_are_numbered(simulator: Simulator) -> None:
    async with connected(simulator) as one, connected(simulator, "key-b") as other:
        await one.join()
        await other.join()
        status = [socket.status() for socket in simulator.hub.sockets]
    assert [(line["connection"], line["client"]) for line in status] == [(1, "collector-a"), (2, "collector-b")]
    await simulator.until(lambda: not simulator.hub.sockets)


@pytest.mark.parametrize(("vsn", "arrays"), [("1.0.0", False), ("2.0.0", True), ("2.0.7", True)])
def test_a_version_decides_the_form_of_frames(vsn: str, arrays: bool) -> None:
    assert read_vsn(vsn) is arrays


@pytest.mark.parametrize("vsn", ["", "2", "2.0", "2.1.0", "3.0.0", "9", "2.0.0\n", "two"])
async def test_any_other_version_is_refused(simulator: Simulator, vsn: str) -> None:
    assert read_vsn(vsn) is None
    with pytest.raises(InvalidStatus) as refused:
        async with connected(simulator, vsn=f"&vsn={quote(vsn)}"):
            pass
    assert refused.value.response.status_code == 403


async def test_a_client_that_leaves_during_the_handshake_is_no_error(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.arm(HangHandshake(hold=1.0))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), connected(simulator):
            pass
    await asyncio.sleep(1.2)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
    assert simulator.hub.sockets == []
