import asyncio
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import WSMessage, WSMsgType
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.frames import Frame
from websockets.streams import StreamReader

from tests.simulator.client import OK, connected, envelope
from tidemark.core.timestamps import parse_timestamp
from tidemark.simulator.faults import Binary, Close, Fault, Garbage, Giant, HalfOpen, PingFlood, Reset, Slow
from tidemark.simulator.ledger import Missed, Sent, read_ledger
from tidemark.simulator.message import digest_of
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator
from tidemark.simulator.stream.send_queue import Opcode, QueuedFrame
from tidemark.simulator.stream.websocket import WebSocket, wire_frame


def parsed(data: bytes) -> Frame:
    reader = StreamReader()
    reader.feed_data(data)
    parsing = Frame.parse(reader.read_exact, mask=False, max_size=None)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    frame: Frame = done.value.value
    return frame


@given(st.sampled_from([0, 1, 125, 126, 127, 0xFFFF, 0x10000]), st.sampled_from([Opcode.TEXT, Opcode.BINARY]))
def test_frames_are_as_websockets_reads_them(size: int, opcode: Opcode) -> None:
    frame = parsed(wire_frame(QueuedFrame(bytes(size), opcode=opcode)))
    assert (frame.data, frame.opcode, frame.fin) == (bytes(size), opcode & 0xF, True)


async def test_what_is_sent_is_written_down(simulator: Simulator) -> None:
    sold = envelope(item={"nft_id": "base/0xab/7"}, transaction={"hash": "0x9"}, order_hash="")
    listed = envelope("item_listed")
    async with connected(simulator) as client:
        simulator.send(sold)
        assert (await client.join())[4] == OK
        simulator.send(sold, listed)
        assert [(await client.hear())[4] for _ in range(2)] == [json.loads(sold), json.loads(listed)]
    lines = list(read_ledger(simulator.options.ledger, Sent))
    assert [(line.client, line.connection, line.sequence, line.event_type) for line in lines] == [
        ("collector-a", 1, 1, "item_sold"),
        ("collector-a", 1, 2, "item_listed"),
    ]
    assert [line.digest for line in lines] == [digest_of(sold), digest_of(listed)]
    assert lines[0].sale is not None
    assert lines[0].sale.token == "7"
    assert lines[1].sale is None


async def test_pings_are_answered_and_count_as_life(simulator: Simulator) -> None:
    async with connected(simulator) as client:
        (socket,) = simulator.hub.sockets
        before = socket.connection.last_received
        await (await client.ws.ping())
        assert socket.connection.last_received > before


@pytest.mark.parametrize("code", [1000, 1002, 1011, 4000])
async def test_the_server_may_close_with_any_code(simulator: Simulator, code: int) -> None:
    async with connected(simulator) as client:
        await client.join()
        simulator.arm(Close(code=code, reason="tired"))
        with pytest.raises(ConnectionClosed) as closed:
            await client.hear()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, "tired")


async def test_the_connection_may_be_cut(simulator: Simulator) -> None:
    async with connected(simulator) as client:
        await client.join()
        simulator.arm(Reset())
        with pytest.raises(ConnectionClosedError) as closed:
            await client.hear()
    assert closed.value.rcvd is None


@pytest.mark.parametrize(
    ("fault", "received"), [(Garbage(text="[half"), "[half"), (Binary(size=5), bytes(5)), (Giant(size=3_000_000), None)]
)
async def test_odd_frames_reach_the_client(simulator: Simulator, fault: Fault, received: str | bytes | None) -> None:
    async with connected(simulator) as client:
        await client.join()
        simulator.arm(fault)
        frame = await client.ws.recv()
    assert frame == received or (received is None and len(frame) > 3_000_000)
    assert [fired.fault for fired in simulator.fired] == [fault.name]


async def test_half_open_nothing_is_answered_until_the_client_gives_up(simulator: Simulator) -> None:
    async with connected(simulator) as client:
        await client.join()
        simulator.arm(HalfOpen())
        await simulator.until(lambda: bool(simulator.fired))
        simulator.send(envelope())
        await client.heartbeat()
        pong = await client.ws.ping()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.hear()
        assert not pong.done()
        client.ws.transport.abort()
    await simulator.until(lambda: not simulator.hub.sockets)
    assert list(read_ledger(simulator.options.ledger, Sent)) == []


async def test_an_idle_client_is_closed_in_good_order(tmp_path: Path) -> None:
    options = Options(ledger=tmp_path, keys={"key-a": "collector-a"}, idle_seconds=0.2)
    async with Simulator(options) as simulator, connected(simulator) as client:
        await client.ws.wait_closed()
        assert client.ws.close_code == 1000


async def test_a_client_s_nonsense_closes_its_socket(simulator: Simulator) -> None:
    async with connected(simulator) as client:
        await client.ws.send("nonsense")
        with pytest.raises(ConnectionClosed) as closed:
            await client.hear()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011


async def test_a_closed_socket_may_stay_open_and_what_is_published_is_missed(simulator: Simulator) -> None:
    async with connected(simulator) as client:
        await client.join()
        before = time.monotonic()
        simulator.arm(Close(code=1001, keep_open=True, seconds=0.3))
        await simulator.until(lambda: bool(simulator.fired))
        simulator.send(envelope())
        await client.ws.wait_closed()
        assert client.ws.close_code == 1001
        assert time.monotonic() - before > 0.2
    await simulator.until(lambda: not simulator.hub.sockets)
    (missed,) = read_ledger(simulator.options.ledger, Missed)
    assert (missed.client, missed.topic, missed.cause) == ("collector-a", "collection:*", "close")


def lag_of(sent: Sent) -> float:
    assert sent.queued_at is not None
    return (parse_timestamp(sent.at) - parse_timestamp(sent.queued_at)).total_seconds()


async def test_the_queue_of_a_slow_connection_is_lost_with_it_and_the_next_starts_without_lag(
    simulator: Simulator,
) -> None:
    async with connected(simulator) as client:
        await client.join()
        simulator.arm(Slow(bytes_per_second=2_000))
        await simulator.until(lambda: bool(simulator.fired))
        simulator.send(*(envelope(price=number) for number in range(100)))
        await asyncio.sleep(0.3)
        client.ws.transport.abort()
    await simulator.until(lambda: not simulator.hub.sockets)
    simulator.hub.ledger.flush()
    sent, missed = (list(read_ledger(simulator.options.ledger, kind)) for kind in (Sent, Missed))
    assert 0 < len(sent) < 50
    assert len(sent) + len(missed) == 100
    assert {line.cause for line in missed} == {"queue"}
    assert lag_of(sent[-1]) > 0.05
    async with connected(simulator) as client:
        await client.join()
        simulator.send(envelope())
        await client.hear()
    assert lag_of(list(read_ledger(simulator.options.ledger, Sent))[-1]) < 3, "what waited would have taken longer"


async def test_a_flood_of_pings_is_written_at_once_and_answered(simulator: Simulator) -> None:
    async with connected(simulator) as client:
        await client.join()
        simulator.arm(PingFlood(pings=5_000))
        await simulator.until(lambda: bool(simulator.fired))
        simulator.send(envelope())
        assert (await client.hear())[3] == "item_sold"


class Ending:
    """A websocket of aiohttp while the server closes it: it returns the same message again and again."""

    closed = False

    def __init__(self, kind: WSMsgType) -> None:
        self.kind = kind
        self.asked = 0

    async def receive(self) -> WSMessage:
        self.asked += 1
        assert self.asked == 1, "it is read although it ended"
        return WSMessage(self.kind, None, None)

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("kind", [WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR])
async def test_a_websocket_that_ends_is_not_read_again(kind: WSMsgType, simulator: Simulator) -> None:
    async with connected(simulator):
        (socket,) = simulator.hub.sockets
        ws: Any = Ending(kind)
        request: Any = SimpleNamespace(transport=socket._transport)
        await WebSocket(socket.connection, ws, request, socket._ledger).serve()
    assert ws.asked == 1
