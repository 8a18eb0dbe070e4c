"""One connection from its opening to its end, on a socket of the test's own: what is sent, noted, and noted once."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from collector.stream.protocol import Answered, ChannelProtocol, Joined, Left, Timers
from collector.stream.session import Session
from collector.stream.websocket import WebSocketConnection
from tests.collector.stream.notes import OK, Notes
from tidemark.archive.reasons import Reason


class Line:
    """A connection that ends when the test says so."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.was_closed_in_order = False
        self.hear: Callable[[list[bytes]], None] = print
        self._reason: asyncio.Future[Reason] = asyncio.get_running_loop().create_future()

    def start(self, take: Callable[[list[bytes]], None]) -> None:
        self.hear = take

    def post(self, frames: list[bytes]) -> None:
        self.sent += map(json.loads, frames)

    def end(self, reason: Reason) -> None:
        if not self._reason.done():
            self._reason.set_result(reason)

    def cut(self) -> None:
        self.end(Reason.CONNECTION_LOST)

    async def close(self) -> None:
        self.was_closed_in_order = True
        self.end(Reason.CLOSED_BY_SERVER)

    async def ended(self) -> Reason:
        return await self._reason


@pytest.fixture
async def line() -> Line:
    return Line()


@pytest.fixture
async def notes() -> Notes:
    return Notes()


@pytest.fixture
async def session(line: Line, notes: Notes) -> Session:
    protocol = ChannelProtocol(["collection:*"], timers=Timers(30, 10), chance=lambda: 0.5)
    session = Session(7, cast("WebSocketConnection", line), protocol, notes, clock=lambda: 1000.0)
    session.start()
    return session


async def test_what_is_received_is_recorded_and_noted(session: Session, line: Line, notes: Notes) -> None:
    assert [frame[3] for frame in line.sent] == ["phx_join"]
    line.hear([OK.encode(), b'["1",null,"collection:*","item_sold",{}]'])
    assert session.answered
    assert session.settled
    assert notes.events == [Answered(None), Joined("collection:*")]
    assert len(notes.frames) == 1
    session.want(["collection:dogs"])
    assert [frame[3] for frame in line.sent[1:]] == ["phx_leave", "phx_join"]
    assert notes.events[-1] == Left("collection:*")
    session.ask()
    assert line.sent[-1][3] == "heartbeat"
    line.end(Reason.CONNECTION_LOST)
    assert await session.over == "connection_lost"
    assert notes.lost == [(7, "connection_lost")]


async def test_the_protocol_gives_the_reason_of_the_end(session: Session, line: Line, notes: Notes) -> None:
    line.hear([OK.encode()])
    session.tick(1031)
    session.tick(1062)
    assert await session.over == "heartbeat_unanswered"
    assert notes.lost == [(7, "heartbeat_unanswered")]


async def test_closing_is_noted_once_with_its_reason(session: Session, line: Line, notes: Notes) -> None:
    line.hear([OK.encode()])
    await session.close(Reason.RENEWED)
    assert await session.over == "renewed"
    await session.close(Reason.NOT_RUNNING)
    assert notes.lost == [(7, "renewed")]
