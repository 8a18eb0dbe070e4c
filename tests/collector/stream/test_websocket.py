"""The edge to the network: every way in which no websocket comes about, by its name."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path

import pytest
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.utils import accept_key

from bench.certificate import self_signed
from collector.stream.websocket import Undialled, dial, hang_up
from tidemark.core.errors import Problem


@asynccontextmanager
async def answering(status: int, retry_after: str = "") -> AsyncIterator[SecretStr]:
    def answer(ws: ServerConnection, _: Request) -> Response:
        response = ws.respond(HTTPStatus(status), "no")
        if retry_after:
            response.headers["Retry-After"] = retry_after
        return response

    async def never(_: ServerConnection) -> None:
        raise AssertionError

    async with serve(never, "127.0.0.1", 0, process_request=answer) as server:
        yield SecretStr(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/?token=secret")


async def undialled(url: SecretStr, patience: float = 5.0) -> Undialled:
    with pytest.raises(Undialled) as failure:
        await dial(url, largest=1024, patience=patience)
    assert "secret" not in repr(failure.value)
    assert failure.value.__cause__ is None
    return failure.value


@pytest.mark.parametrize(
    ("status", "reason", "refused"),
    [
        (401, "key_refused", True),
        (403, "key_refused", True),
        (429, "rate_limited", True),
        (404, "handshake_failed", False),
        (500, "server_error", False),
        (502, "server_error", False),
        (503, "server_error", False),
    ],
)
async def test_a_handshake_that_is_answered_otherwise(status: int, reason: str, *, refused: bool) -> None:
    async with answering(status, "7") as url:
        failure = await undialled(url)
    assert (failure.reason, failure.status, failure.refused) == (reason, status, refused)
    assert failure.retry_after == (0 if reason == "key_refused" else 7)


async def test_a_date_to_retry_after_is_not_understood_and_does_no_harm() -> None:
    async with answering(429, "Wed, 21 Oct 2026 07:28:00 GMT") as url:
        assert (await undialled(url)).retry_after == 0


async def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = SecretStr(f"ws://127.0.0.1:{taken.getsockname()[1]}/?token=secret")
        assert (await undialled(url)).reason == "unreachable"


async def test_a_name_that_does_not_exist() -> None:
    assert (await undialled(SecretStr("ws://nowhere.invalid/?token=secret"))).reason == "unreachable"


@asynccontextmanager
async def speaking(answer: bytes, *, scheme: str = "ws", leaves: bool = False) -> AsyncIterator[SecretStr]:
    """Serve one client that sends something: answer with bytes, and leave, or wait until the client has left."""
    over = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        with suppress(OSError):
            await (writer.drain() if leaves else reader.read())
            writer.close()
            await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield SecretStr(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/?token=secret")
        await over.wait()


async def test_a_server_that_never_answers() -> None:
    async with speaking(b"") as url:
        assert (await undialled(url, 0.2)).reason == "unreachable"


@pytest.mark.parametrize(
    ("answer", "leaves"),
    [
        (b"", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False),
        (b"HTTP/1.1 101 Hello\r\n\r\n", False),
    ],
)
async def test_a_server_that_speaks_something_else(answer: bytes, *, leaves: bool) -> None:
    async with speaking(answer, leaves=leaves) as url:
        assert (await undialled(url)).reason == "handshake_failed"


async def test_a_plain_server_behind_a_tls_address() -> None:
    async with speaking(b"no tls here\r\n", scheme="wss") as url:
        assert (await undialled(url)).reason == "tls_failed"


async def test_an_address_that_is_none_is_a_problem() -> None:
    for text in ("https://host/?token=secret", "nonsense", "ws://"):
        with pytest.raises(Problem, match="TIDEMARK_STREAM_URL") as problem:
            await dial(SecretStr(text), largest=1, patience=1)
        assert "secret" not in repr(problem.value)


async def ending(do: str) -> str:
    """Return what a client calls the end that a server brings about."""

    async def handler(ws: ServerConnection) -> None:
        if do == "abort":
            ws.transport.abort()
        elif do == "giant":
            await ws.send("x" * 70_000)
            await ws.wait_closed()
        elif do == "broken":
            ws.transport.write(b"\xff\xff\xff\xff")
            await ws.wait_closed()
        else:
            await ws.close(int(do))

    async with serve(handler, "127.0.0.1", 0, compression=None) as server:
        url = SecretStr(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        wire = await dial(url, largest=1024, patience=5)
        async with asyncio.timeout(5):
            return await wire.ended()


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        ("1000", "closed_by_server"),
        ("1011", "closed_by_server"),
        ("abort", "connection_lost"),
        ("giant", "message_too_big"),
        ("broken", "protocol_error"),
    ],
)
async def test_every_end_has_its_name(do: str, reason: str) -> None:
    assert await ending(do) == reason


async def test_hanging_up_is_a_goodbye_and_takes_no_longer_than_a_second() -> None:
    async def deaf(ws: ServerConnection) -> None:
        ws.transport.pause_reading()
        await asyncio.sleep(1.5)
        ws.transport.abort()

    async with serve(deaf, "127.0.0.1", 0, compression=None) as server:
        wire = await dial(SecretStr(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"), largest=9, patience=5)
        async with asyncio.timeout(2):
            await hang_up(wire)
        assert not wire.said_goodbye
        wire.post([b"too late"])


@pytest.mark.parametrize("together", [True, False])
async def test_messages_come_whole_whether_or_not_the_handshake_came_alone(*, together: bool) -> None:
    texts = [b"first", b"\r\n\r\n", b"x" * 300, b"last"]
    wires = [bytes([0x81, len(text)]) + text if len(text) < 126 else b"\x81\x7e\x01\x2c" + text for text in texts]

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")).split(b": ")[
            1
        ]
        answer = (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept_key(key.decode()).encode() + b"\r\n\r\n"
        )
        stream = b"".join(wires)
        for piece in [answer + stream[:9], stream[9:]] if together else [answer, stream[:9], stream[9:]]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)
        await reader.read()
        writer.close()

    found: list[bytes] = []
    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        url = SecretStr(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        wire = await dial(url, largest=1 << 20, patience=5)
        wire.start(found.extend)
        async with asyncio.timeout(5):
            while len(found) < len(texts):  # noqa: ASYNC110 - a test may look
                await asyncio.sleep(0.01)
        wire.cut()
        await wire.ended()
        await asyncio.sleep(0.05)
    assert found == texts


@pytest.mark.parametrize("secure", [False, True])
async def test_messages_sent_one_by_one_are_read_many_at_a_time(
    *, secure: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(self_signed())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def handler(ws: ServerConnection) -> None:
        for number in range(200):
            await ws.send(str(number))
            await asyncio.sleep(0.001)

    reads: list[list[bytes]] = []
    async with serve(handler, "127.0.0.1", 0, compression=None, ssl=context if secure else None) as server:
        scheme = "wss" if secure else "ws"
        url = SecretStr(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        wire = await dial(url, largest=1024, patience=5)
        wire.start(reads.append)
        async with asyncio.timeout(10):
            assert await wire.ended() == "closed_by_server"
    assert [message for read in reads for message in read] == [str(number).encode() for number in range(200)]
    assert len(reads) < 100
