"""One subscription kept alive: pauses, renewals, and a server that is never kind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection, serve

from collector.stream import subscriber
from collector.stream.conversation import Timers
from collector.stream.event import Event, Joined
from collector.stream.frame import Frame
from collector.stream.subscriber import Plan, Subscriber


class Notes:
    """A recorder that only remembers."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.events: list[Event] = []
        self.lost: list[tuple[int, str]] = []
        self.failed: list[str] = []
        self.proofs = 0

    def record(self, frames: list[Frame]) -> None:
        self.frames += frames

    def prove(self, connection: int) -> None:
        self.proofs += connection > 0

    def note(self, connection: int, event: Event) -> None:
        assert connection
        self.events.append(event)

    def lose(self, connection: int, reason: str) -> None:
        self.lost.append((connection, reason))

    def fail(self, reason: str) -> None:
        self.failed.append(reason)


OK = '[null,"1","collection:*","phx_reply",{"status":"ok"}]'


@asynccontextmanager
async def held(
    handler: Any, monkeypatch: pytest.MonkeyPatch, **plan: Any
) -> AsyncIterator[tuple[Notes, list[float], Subscriber]]:
    """Run a subscriber against a server; yield its notes and the pauses it took, which last no time."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.02)

    numbers = iter(range(1, 10_000))
    notes = Notes()
    async with serve(handler, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        url = SecretStr(f"ws://127.0.0.1:{port}/socket/websocket?token=secret")
        one = Subscriber(Plan(url=url, **plan), ["collection:*"], notes, lambda: next(numbers))
        with monkeypatch.context() as patched:
            patched.setattr(subscriber.asyncio, "sleep", pause)
            patched.setattr(subscriber, "random", lambda: 1.0)
            task = asyncio.create_task(one.run())
            yield notes, pauses, one
        task.cancel()
        await asyncio.wait([task])
        await one.close("not_running")


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.01)


async def test_pauses_grow_until_the_server_has_answered_and_stayed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = 0

    async def handler(ws: ServerConnection) -> None:
        nonlocal opened
        opened += 1
        if opened in {5, 6}:
            await ws.recv()
            await ws.send(OK)
        if opened == 5:
            await asyncio.wait([asyncio.create_task(ws.wait_closed())], timeout=0.3)
        await ws.close(1000)

    async with held(handler, monkeypatch, timers=Timers(reply=0.2)) as (notes, pauses, _):
        await until(lambda: len(pauses) >= 8)
        assert pauses[:8] == [0.25, 0.5, 1.0, 2.0, 0.25, 0.5, 1.0, 2.0]
        assert notes.events == [Joined("collection:*")] * 2
        assert set(notes.failed) == {reason for _, reason in notes.lost} == {"closed_by_server"}


async def test_pauses_end_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.close(1011)

    async with held(handler, monkeypatch) as (_, pauses, _):
        await until(lambda: len(pauses) >= 9)
        assert pauses[:9] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]


async def test_messages_of_one_read_come_together_and_fragments_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    message = '["1",null,"collection:*","item_sold",{"n":1}]'

    async def handler(ws: ServerConnection) -> None:
        await ws.recv()
        await ws.send(OK)
        await ws.send([message[:10], message[10:]])
        await ws.send(message.encode())
        await ws.wait_closed()

    async with held(handler, monkeypatch) as (notes, _, one):
        await until(lambda: len(notes.frames) == 2)
        assert [bytes(frame[4]) for frame in notes.frames] == [b'{"n":1}'] * 2
        assert one.held == 1
        assert notes.proofs >= 1


async def test_a_bug_in_the_recorder_is_not_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.recv()
        await ws.send('["1",null,"collection:*","item_sold",{}]')
        await ws.wait_closed()

    class Broken(Notes):
        def record(self, frames: list[Frame]) -> None:
            raise ZeroDivisionError(len(frames))

    async with serve(handler, "127.0.0.1", 0, compression=None) as server:
        url = SecretStr(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        with pytest.raises(ZeroDivisionError):
            await Subscriber(Plan(url=url), ["collection:*"], Broken(), lambda: 1).run()


async def test_the_key_is_nowhere_to_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.close(1008)

    async with held(handler, monkeypatch) as (_, pauses, one):
        await until(lambda: len(pauses) >= 2)
        assert "secret" not in repr(vars(one))
    assert "secret" not in "".join(capsys.readouterr())
