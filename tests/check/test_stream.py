import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tidemark.check.stream import check_stream
from tidemark.core.errors import Problem
from tidemark.local.ports import free_port


@contextmanager
def stream_api(status: str = "ok", http: int = 0, location: str = "") -> Iterator[str]:
    """A real websocket server that answers joins with `status`, or the handshake with an HTTP status."""
    port, stop = free_port(), asyncio.Event()
    started = threading.Event()

    async def answer(socket: ServerConnection) -> None:
        async for message in socket:
            join_ref, ref, topic, _, _ = json.loads(message)
            for other in (
                "<html>",
                "[" * 200_000,
                '"phx_reply"',
                "[1, 2]",
                json.dumps([None, ref, topic, "phx_reply", 7]),
            ):
                await socket.send(other)
            await socket.send(json.dumps([None, None, topic, "item_listed", {}]))
            await socket.send(json.dumps([join_ref, ref, topic, "phx_reply", {"status": status, "response": {}}]))

    def refuse(socket: ServerConnection, request: Request) -> Response | None:
        refusal = socket.respond(http, "no") if http else None
        if refusal and location:
            refusal.headers["Location"] = location
        return refusal

    async def run() -> None:
        async with serve(answer, "127.0.0.1", port, process_request=refuse):
            started.set()
            await stop.wait()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    started.wait(60)
    try:
        yield f"ws://127.0.0.1:{port}/socket/websocket?token=s3cret&vsn=2.0.0"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()


def check(url: str, now: float | None = None) -> object:
    return check_stream(SecretStr(url), "collection:*", 60.0, lambda: now or time.time())


def test_a_topic_is_joined_and_left() -> None:
    with stream_api() as url:
        assert check(url) == "collection:* was joined and left; the clocks agree"


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ({"status": "error"}, r"refused to join collection:\*"),
        ({"http": 401}, r"refused the key \(HTTP 401\)"),
        ({"http": 503}, r"failed \(HTTP 503\)"),
    ],
)
def test_a_refusal_says_what_was_refused(server: dict[str, object], told: str) -> None:
    with stream_api(**server) as url, pytest.raises(Problem, match=told) as problem:  # type: ignore[arg-type]
        check(url)
    assert "s3cret" not in str(problem.value)


@pytest.mark.parametrize(
    ("host", "told"), [("127.0.0.1:1", "the connection was refused"), ("no-such-host.invalid", "cannot be resolved")]
)
def test_a_server_out_of_reach_says_why(host: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Problem, match=told) as problem:
        check(f"ws://{host}/socket?token=s3cret")
    assert "s3cret" not in str(problem.value)


@pytest.mark.parametrize(
    ("proxy", "told"), [("ftp://me:s3cret@p", "cannot be used"), ("http://127.0.0.1:1", "refused")]
)
def test_a_proxy_that_does_not_serve_says_so(proxy: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(Problem, match=told) as problem:
        check("ws://stream.invalid/socket?token=s3cret")
    assert "s3cret" not in str(problem.value)


def test_a_redirect_is_found_because_the_collector_follows_none() -> None:
    told = pytest.raises(Problem, match="redirects to another address")
    with stream_api() as url, stream_api(http=302, location=url) as first, told:
        check(first)


def test_a_clock_that_is_wrong_is_found() -> None:
    with stream_api() as url, pytest.raises(Problem, match="ahead of the server's"):
        check(url, time.time() + 3600)
