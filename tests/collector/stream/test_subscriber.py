"""One subscription kept alive: pauses, renewals, and a server that is never kind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from pydantic import SecretStr
from websockets.asyncio.server import Request, Response, ServerConnection, serve

from collector.stream.frame import Frame
from collector.stream.protocol import Joined, Timers
from collector.stream.subscriber import Plan, Subscriber, Surroundings
from tests.collector.stream.notes import OK, Notes
from tidemark.archive.reasons import Reason


@asynccontextmanager
async def held(handler: Any, answer: Any = None, **plan: Any) -> AsyncIterator[tuple[Notes, list[float], Subscriber]]:
    """Run a subscriber against a server; yield its notes and the pauses it took, which last no time."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0.02)

    notes = Notes()
    async with serve(handler, "127.0.0.1", 0, compression=None, ping_interval=None, process_request=answer) as server:
        port = server.sockets[0].getsockname()[1]
        url = SecretStr(f"ws://127.0.0.1:{port}/socket/websocket?token=secret")
        around = Surroundings(sleep=pause, chance=lambda: 1.0)
        one = Subscriber(Plan(url=url, **plan), ["collection:*"], notes, around)
        task = asyncio.create_task(one.run())
        yield notes, pauses, one
        task.cancel()
        await asyncio.wait([task])
        await one.close(Reason.NOT_RUNNING)


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - a test may look
            await asyncio.sleep(0.01)


async def answering(ws: ServerConnection) -> None:
    """Be a server that acknowledges the join and sends nothing."""
    await ws.recv()
    await ws.send(OK)
    await ws.wait_closed()


async def test_pauses_grow_until_the_server_has_answered_and_stayed() -> None:
    opened = 0

    async def handler(ws: ServerConnection) -> None:
        nonlocal opened
        opened += 1
        if opened in {5, 6}:
            await ws.recv()
            await ws.send(OK)
        if opened == 5:
            await asyncio.wait([asyncio.create_task(ws.wait_closed())], timeout=1.5)
        await ws.close(1000)

    async with held(handler, timers=Timers(reply=1.0)) as (notes, pauses, _):
        await until(lambda: len(pauses) >= 8)
        assert pauses[:8] == [0.25, 0.5, 1.0, 2.0, 0.25, 0.5, 1.0, 2.0]
        assert notes.events.count(Joined("collection:*")) == 2
        assert set(notes.failed) == {reason for _, reason in notes.lost} == {"closed_by_server"}


@pytest.mark.parametrize(
    ("status", "retry_after", "expected"),
    [
        (HTTPStatus.BAD_GATEWAY, "", [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 10.0, 10.0]),
        (HTTPStatus.FORBIDDEN, "", [60.0, 120.0, 240.0, 480.0, 900.0, 900.0]),
        (HTTPStatus.TOO_MANY_REQUESTS, "", [1.0, 2.0, 5.0, 10.0, 30.0, 60.0]),
        (HTTPStatus.TOO_MANY_REQUESTS, "5", [5.5, 5.5, 5.5]),
        (HTTPStatus.SERVICE_UNAVAILABLE, "99999", [901.0, 901.0]),
    ],
)
async def test_a_handshake_that_is_refused_is_repeated_as_the_refusal_asks(
    status: HTTPStatus, retry_after: str, expected: list[float]
) -> None:
    def answer(ws: ServerConnection, _: Request) -> Response:
        response = ws.respond(status, "no")
        if retry_after:
            response.headers["Retry-After"] = retry_after
        return response

    async with held(answering, answer) as (notes, pauses, _):
        await until(lambda: len(pauses) >= len(expected))
        assert pauses[: len(expected)] == expected
        assert len(notes.failed) >= len(expected)


async def test_messages_of_one_read_come_together_and_fragments_are_joined() -> None:
    message = '["1",null,"collection:*","item_sold",{"n":1}]'

    async def handler(ws: ServerConnection) -> None:
        await ws.recv()
        await ws.send(OK)
        await ws.send([message[:10], message[10:]])
        await ws.send(message.encode())
        await ws.wait_closed()

    async with held(handler) as (notes, _, one):
        await until(lambda: len(notes.frames) == 2)
        assert [bytes(frame.payload) for frame in notes.frames] == [b'{"n":1}'] * 2
        assert one.held == 1


async def test_a_connection_of_age_is_replaced_and_its_end_is_no_loss() -> None:
    async with held(answering, max_connection_age=0.2) as (notes, pauses, one):
        await until(lambda: len(notes.lost) >= 2)
        assert notes.handed_over[:2] == [(1, 2), (2, 3)]
        assert notes.lost[:2] == [(1, "renewed"), (2, "renewed")]
        assert pauses == []
        assert one.held <= 2


async def test_what_the_recorder_asks_for_is_renewed_at_once() -> None:
    async with held(answering) as (notes, _, _):
        await until(lambda: notes.events)
        notes.renewal = Reason.STALLED
        await until(lambda: notes.handed_over)
        notes.renewal = None
        await until(lambda: notes.lost)
        assert notes.lost == [(1, "stalled")]


async def test_the_old_connection_stays_until_it_is_met_or_its_time_is_over() -> None:
    async with held(answering, max_connection_age=0.1, draining=3.0) as (notes, _, one):
        notes.met = False
        await until(lambda: notes.handed_over)
        await asyncio.sleep(0.3)
        assert (one.held, notes.lost) == (2, [])
        await until(lambda: notes.lost)
        assert notes.lost[0] == (1, "renewed")


async def test_a_connection_stays_where_no_other_joins_everything() -> None:
    opened = 0

    async def handler(ws: ServerConnection) -> None:
        nonlocal opened
        opened += 1
        if opened == 1:
            await answering(ws)
        await ws.wait_closed()

    async with held(handler, max_connection_age=0.1, settling=0.2) as (notes, _, _):
        await until(lambda: notes.lost)
        assert notes.lost[0] == (2, "renewed")


async def test_a_bug_in_the_recorder_is_not_a_lost_connection() -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.recv()
        await ws.send('["1",null,"collection:*","item_sold",{}]')
        await ws.wait_closed()

    class Broken(Notes):
        def record(self, connection: int, frames: list[Frame], now: float) -> None:
            raise ZeroDivisionError(connection, len(frames), now)

    async with serve(handler, "127.0.0.1", 0, compression=None) as server:
        url = SecretStr(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        with pytest.raises(ZeroDivisionError):
            await Subscriber(Plan(url=url), ["collection:*"], Broken()).run()


async def test_the_key_is_nowhere_to_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.close(1008)

    async with held(handler) as (_, pauses, one):
        await until(lambda: len(pauses) >= 2)
        assert "secret" not in repr(vars(one))
    assert "secret" not in "".join(capsys.readouterr())
