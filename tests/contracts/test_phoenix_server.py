"""The simulator answers on a real socket as a Phoenix 1.7 server was seen to answer, where it is lenient and strict."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import websockets
from websockets.exceptions import ConnectionClosed

from tests.simulator.client import OK, connected
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator

UNMATCHED = {"status": "error", "response": {"reason": "unmatched topic"}}
STAR = "collection:*"


async def dialogue(simulator: Simulator, *frames: Any, answers: int, vsn: str = "2.0.0") -> list[Any]:
    """Send frames and return this many answers."""
    async with connected(simulator, vsn=f"&vsn={vsn}") as client:
        for frame in frames:
            await client.ws.send(json.dumps(frame))
        return [await client.hear() for _ in range(answers)]


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        (["1", "1", STAR, "phx_join", {}], ["1", "1", STAR, "phx_reply", OK]),
        ([1, 2, STAR, "phx_join", {}], [1, 2, STAR, "phx_reply", OK]),
        ([None, "1", STAR, "phx_join", {}], [None, "1", STAR, "phx_reply", OK]),
        (["1", "1", STAR, "phx_join", {}, "more"], ["1", "1", STAR, "phx_reply", OK]),
        ([None, "2", "phoenix", "heartbeat", {}], [None, "2", "phoenix", "phx_reply", OK]),
        ([None, 2, "phoenix", "heartbeat", {}], [None, 2, "phoenix", "phx_reply", OK]),
        (["1", "1", "rooms:1", "phx_join", {}], [None, "1", "rooms:1", "phx_reply", UNMATCHED]),
        (["1", "1", STAR, "shout", {}], [None, "1", STAR, "phx_reply", UNMATCHED]),
        (["1", "2", STAR, "phx_leave", {}], ["1", "2", STAR, "phx_reply", OK]),
    ],
)
async def test_array_frames(simulator: Simulator, frame: Any, answer: Any) -> None:
    assert await dialogue(simulator, frame, answers=1) == [answer]


async def test_object_frames_are_of_version_one(simulator: Simulator) -> None:
    join = {"topic": STAR, "event": "phx_join", "payload": {}, "ref": 7}
    answer = {"topic": STAR, "event": "phx_reply", "payload": OK, "ref": 7}
    assert await dialogue(simulator, join, answers=1, vsn="1.0.0") == [answer]


async def test_a_second_join_is_answered_before_the_first_is_closed(simulator: Simulator) -> None:
    joins = (["1", "1", STAR, "phx_join", {}], ["2", "2", STAR, "phx_join", {}])
    assert await dialogue(simulator, *joins, answers=3) == [
        ["1", "1", STAR, "phx_reply", OK],
        ["2", "2", STAR, "phx_reply", OK],
        ["1", "1", STAR, "phx_close", {}],
    ]


@pytest.mark.parametrize(
    ("vsn", "text"),
    [
        ("2.0.0", "garbage"),
        ("2.0.0", '["1","1","collection:*","phx_join"]'),
        ("2.0.0", '{"topic":"collection:*","event":"phx_join","payload":{},"ref":"1"}'),
        ("1.0.0", '["1","1","collection:*","phx_join",{}]'),
        ("1.0.0", '{"topic":"collection:*","event":"phx_join","ref":"1"}'),
    ],
)
async def test_garbage_closes_the_socket_with_1011(simulator: Simulator, vsn: str, text: str) -> None:
    async with connected(simulator, vsn=f"&vsn={vsn}") as client:
        await client.ws.send(text)
        with pytest.raises(ConnectionClosed) as closed:
            await client.hear()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011


@pytest.mark.parametrize("query", ["token=key-a&vsn=9", "token=key-c&vsn=2.0.0", "vsn=2.0.0"])
async def test_an_unknown_version_or_key_is_refused_with_403(simulator: Simulator, query: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"{simulator.stream_url}?{query}", open_timeout=60)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(("server", "code"), [("cowboy", 1000), ("bandit", 1002)])
async def test_an_idle_client_is_closed_with_the_web_server_s_code(tmp_path: Path, server: str, code: int) -> None:
    options = Options(ledger=tmp_path, keys={"key-a": "collector-a"}, idle_seconds=0.2, server=server)
    async with Simulator(options) as simulator, connected(simulator) as client:
        await client.join()
        simulator.hub.set_rate(200)
        with suppress(ConnectionClosed):
            async for _ in client.ws:
                pass
        assert client.ws.close_code == code


def test_a_client_is_idle_after_a_minute() -> None:
    assert Options(ledger=Path(), keys={}).idle_seconds == 60
