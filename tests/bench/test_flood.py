"""The flood is what the collector takes for the stream: a join that is answered, and then frames of all kinds."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect

from bench.flood import JOIN
from collector.stream.frame import is_ok, read_frame


@pytest.fixture
def address() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.flood"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield f"ws://127.0.0.1:{server.stdout.readline().strip()}"
        server.terminate()


async def test_each_connection_gets_as_many_messages_as_it_asks_for(address: str) -> None:
    for messages in (3, 2_500):
        async with connect(f"{address}/{messages}", ping_interval=None, open_timeout=60) as socket:
            await socket.send(JOIN)
            assert is_ok(read_frame(await socket.recv(decode=False))[4])
            found = [read_frame(await socket.recv(decode=False)) for _ in range(messages)]
            assert all(topic == "collection:*" for _, _, topic, _, _ in found)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.05)
    kinds = {event for _, _, _, event, _ in found}
    sizes = [len(bytes(message)) for *_, message in found]
    assert len(kinds) > 5
    assert 1_500 < sum(sizes) / len(sizes) < 2_500
