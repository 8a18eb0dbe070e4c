"""The tiny HTTP server, asked over a real socket."""

import asyncio
import socket
from pathlib import Path
from urllib.error import HTTPError

import pytest

from collector.http import CONNECTIONS, Answer, HttpServer, ask
from tidemark.core.errors import Problem

ROUTES = {"/ok": lambda: Answer(200, b"fine", "text/plain"), "/sick": lambda: Answer(503, b"{}")}


async def test_paths_are_answered() -> None:
    async with HttpServer(ROUTES, "127.0.0.1", 0, 0) as server:
        assert await asyncio.to_thread(ask, server.address, "/ok") == b"fine"
        assert await asyncio.to_thread(ask, server.address, "/ok?x=1") == b"fine"
        for path, status in (("/sick", 503), ("/none", 404)):
            with pytest.raises(HTTPError) as refused:
                await asyncio.to_thread(ask, server.address, path)
            assert refused.value.code == status
            refused.value.close()


async def talk(server: HttpServer, said: bytes) -> bytes:
    host, port = server.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(said)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"POST /ok HTTP/1.1\r\n\r\n", b"405"),
        (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", b"404"),
        (b"\r\n\r\n", b"405"),
        (b"half a request", b""),
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n", b""),
    ],
)
async def test_nonsense_does_no_harm(said: bytes, status: bytes) -> None:
    async with HttpServer(ROUTES, "127.0.0.1", 0, 0) as server:
        try:
            answer = await talk(server, said)
        except ConnectionError:
            answer = b""
        assert answer.split(b" ")[1:2] == ([status] if status else [])
        assert await asyncio.to_thread(ask, server.address, "/ok") == b"fine"


async def test_a_port_that_is_set_must_be_free_and_the_usual_one_need_not() -> None:
    async with HttpServer(ROUTES, "127.0.0.1", 0, 0) as first:
        port = int(first.address.rpartition(":")[2])
        with pytest.raises(Problem, match=f"port {port}.*use") as taken:
            async with HttpServer(ROUTES, "127.0.0.1", port, 0):
                raise AssertionError
        assert "TIDEMARK_METRICS_PORT" in taken.value.hint
        async with HttpServer(ROUTES, "127.0.0.1", None, port) as second:
            assert second.address != first.address
            assert await asyncio.to_thread(ask, second.address, "/ok") == b"fine"


async def test_a_name_that_is_none_is_a_problem() -> None:
    with pytest.raises(Problem, match=r"metrics cannot be served on a\.\.b port 1"):
        await HttpServer(ROUTES, "a..b", 1, 0).start()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_half_open_requests_take_no_more_than_their_share_and_others_are_served() -> None:
    async with HttpServer(ROUTES, "127.0.0.1", 0, 0) as server:
        host, port = server.address.removeprefix("http://").split(":")
        before, clients = open_files(), []
        for _ in range(4 * CONNECTIONS):
            clients.append(await asyncio.open_connection(host, int(port)))
            clients[-1][1].write(b"GET /ok HTTP/1.1\r\n")
            await asyncio.sleep(0)
        assert await asyncio.to_thread(ask, server.address, "/ok") == b"fine"  # after all the others
        async with asyncio.timeout(60):
            while open_files() - before > len(clients) + CONNECTIONS:  # noqa: ASYNC110 - a test may look
                await asyncio.sleep(0.01)
        for _, writer in clients:
            writer.transport.abort()


async def test_a_client_that_reads_nothing_is_cut_after_a_time() -> None:
    routes = {"/large": lambda: Answer(200, b"x" * (32 << 20))}
    async with HttpServer(routes, "127.0.0.1", 0, 0, timeout=0.2) as server:
        before = open_files()
        host, port = server.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as deaf:
            deaf.sendall(b"GET /large HTTP/1.1\r\n\r\n")
            async with asyncio.timeout(60):
                while open_files() > before + 1:  # noqa: ASYNC110 - a test may look
                    await asyncio.sleep(0.01)
