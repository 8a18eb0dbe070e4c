"""One connection from dial to end, on a wire of the test's own: what is sent, told, and told once."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from collector.stream.conversation import Conversation, Timers
from collector.stream.event import Joined
from collector.stream.session import Session
from collector.stream.websocket import Wire
from tests.collector.stream.test_subscriber import OK, Notes


class Line:
    """A wire that ends when the test says so."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.said_goodbye = False
        self.hear: Callable[[list[bytes]], None] = print
        self._reason: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def start(self, take: Callable[[list[bytes]], None]) -> None:
        self.hear = take

    def post(self, frames: list[bytes]) -> None:
        self.sent += map(json.loads, frames)

    def end(self, reason: str) -> None:
        if not self._reason.done():
            self._reason.set_result(reason)

    def cut(self) -> None:
        self.end("connection_lost")

    async def close(self) -> None:
        self.said_goodbye = True
        self.end("closed_by_server")

    async def ended(self) -> str:
        return await self._reason


@pytest.fixture
async def line() -> Line:
    return Line()


@pytest.fixture
async def notes() -> Notes:
    return Notes()


@pytest.fixture
async def session(line: Line, notes: Notes) -> Session:
    talk = Conversation(7, ["collection:*"], timers=Timers(30, 10))
    return Session(cast("Wire", line), talk, notes)


async def test_what_is_heard_is_recorded_and_told(session: Session, line: Line, notes: Notes) -> None:
    assert [frame[3] for frame in line.sent] == ["phx_join"]
    line.hear([OK.encode(), b'["1",null,"collection:*","item_sold",{}]'])
    assert session.answered
    assert notes.events == [Joined("collection:*")]
    assert (len(notes.frames), notes.proofs) == (1, 1)
    session.want(["collection:dogs"])
    assert [frame[3] for frame in line.sent[1:]] == ["phx_leave", "phx_join"]
    line.end("connection_lost")
    assert await session.over == "connection_lost"
    assert notes.lost == [(7, "connection_lost")]


async def test_the_verdict_of_the_conversation_is_the_reason(session: Session, line: Line, notes: Notes) -> None:
    line.hear([OK.encode()])
    now = asyncio.get_running_loop().time()
    session.tick(now + 31)
    session.tick(now + 62)
    assert await session.over == "heartbeat_unanswered"
    assert notes.lost == [(7, "heartbeat_unanswered")]


async def test_closing_tells_its_reason_once_and_proves_what_came(session: Session, line: Line, notes: Notes) -> None:
    line.hear([OK.encode()])
    await session.close("renewed")
    assert await session.over == "renewed"
    await session.close("not_running")
    assert notes.lost == [(7, "renewed")]
    assert notes.proofs == 1
