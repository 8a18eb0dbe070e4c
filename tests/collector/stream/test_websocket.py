"""The edge to the network: every way in which no websocket comes about, by its name."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Request, Response
from websockets.utils import accept_key

from bench.certificate import self_signed
from collector.stream.splitter import OTHERS_PER_TURN
from collector.stream.websocket import ConnectError, check_address, failure_to_connect, open_websocket
from tidemark.archive.reasons import Reason
from tidemark.core.errors import Problem


@asynccontextmanager
async def answering(status: int, retry_after: str = "", date: str = "", location: str = "") -> AsyncIterator[SecretStr]:
    def answer(ws: ServerConnection, _: Request) -> Response:
        response = ws.respond(HTTPStatus(status), "no")
        if retry_after:
            response.headers["Retry-After"] = retry_after
        if location:
            response.headers["Location"] = location
        if date:
            del response.headers["Date"]
            response.headers["Date"] = date
        return response

    async def never(_: ServerConnection) -> None:
        raise AssertionError

    async with serve(never, "127.0.0.1", 0, process_request=answer) as server:
        yield SecretStr(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/?token=secret")


async def refused(url: SecretStr, seconds: float = 60.0) -> ConnectError:
    with pytest.raises(ConnectError) as failure:
        await open_websocket(url, largest=1024, timeout=seconds)
    assert "secret" not in repr(failure.value)
    assert failure.value.__cause__ is None
    return failure.value


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "key_refused"),
        (403, "key_refused"),
        (429, "rate_limited"),
        (404, "handshake_failed"),
        (500, "server_error"),
        (502, "server_error"),
        (503, "server_error"),
    ],
)
async def test_a_handshake_that_is_answered_otherwise(status: int, reason: str) -> None:
    async with answering(status, "7") as url:
        failure = await refused(url)
    assert (failure.reason, failure.cause) == (reason, reason)
    assert f"HTTP {status}" in failure.problem.what
    assert failure.problem.transient == (status == 429 or status >= 500)
    assert failure.retry_after == (None if reason == "key_refused" else 7)


@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        ("Wed, 21 Oct 2026 07:28:07 GMT", 7.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("9" * 30, 1e30),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Thu, 01 Jan 2026 00:00:00 +9999999999999999", None),
    ],
)
async def test_the_pause_that_a_server_asks_for(asked: str, pause: float | None) -> None:
    async with answering(429, asked, "Wed, 21 Oct 2026 07:28:00 GMT") as url:
        assert (await refused(url)).retry_after == pause


NUMBERS = st.integers(0, 70) | st.integers(0, 10**20)
TEXTS = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]))
DATES = st.builds("Thu, {} Jan {} {}:{}:{} +{}".format, *[NUMBERS] * 6)


@given(st.lists(TEXTS | DATES, max_size=2), st.lists(TEXTS | DATES, max_size=2))
def test_whatever_a_refusal_says_it_is_one_and_its_pause_is_none_or_not_negative(
    asked: list[str], dates: list[str]
) -> None:
    headers = Headers([*(("Retry-After", text) for text in asked), *(("Date", text) for text in dates)])
    failure = failure_to_connect("ws://127.0.0.1/", InvalidStatus(Response(429, "", headers)))
    assert isinstance(failure, ConnectError)
    assert failure.retry_after is None or failure.retry_after >= 0


async def test_a_port_without_a_server() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = SecretStr(f"ws://127.0.0.1:{taken.getsockname()[1]}/?token=secret")
        failure = await refused(url)
        assert (failure.reason, failure.cause) == ("unreachable", "port")


async def test_a_name_that_does_not_exist() -> None:
    failure = await refused(SecretStr("ws://nowhere.invalid/?token=secret"))
    assert (failure.reason, failure.cause) == ("unreachable", "name")


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
        failure = await refused(url, 0.2)
    assert (failure.reason, failure.cause) == ("unreachable", "time_out")


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
        assert (await refused(url)).reason == "handshake_failed"


async def test_a_plain_server_behind_a_tls_address() -> None:
    async with speaking(b"no tls here\r\n", scheme="wss") as url:
        assert (await refused(url)).reason == "tls_failed"


WITHOUT_PROXY = ("http_proxy", "https_proxy", "all_proxy", "socks_proxy", "no_proxy")


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch):
    """Set the proxy of the environment, and no other."""
    for name in WITHOUT_PROXY:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return lambda proxy: monkeypatch.setenv("HTTP_PROXY", proxy)


ADDRESSES = (
    "https://host/?token=secret",
    "nonsense",
    "ws://",
    "ws://h:99999/?token=secret",
    f"ws://{'a' * 70}.x/?secret",
)


async def test_an_address_that_is_none_is_a_problem() -> None:
    for text in ADDRESSES:
        with pytest.raises(Problem, match="TIDEMARK_STREAM_URL") as problem:
            await open_websocket(SecretStr(text), largest=1, timeout=1)
        assert "secret" not in repr(problem.value)


@pytest.mark.parametrize(
    "proxy", ["ftp://me:secret@p", "http://", "http://me@p", "http://p/path", "http://p:99999", "p:1"]
)
async def test_a_proxy_that_is_none_is_a_problem_from_the_beginning(proxied, proxy: str) -> None:
    proxied(proxy)
    url = SecretStr("ws://nowhere.invalid/?token=secret")
    with pytest.raises(Problem, match="proxy in the environment") as early:
        check_address(url)
    with pytest.raises(Problem, match="proxy in the environment") as late:
        await open_websocket(url, largest=1, timeout=1)
    assert "secret" not in repr([early.value, late.value])


async def test_a_proxy_that_is_out_of_reach_or_refuses_may_come_back(proxied) -> None:
    url = SecretStr("ws://nowhere.invalid/?token=secret")
    proxied("http://127.0.0.1:1")
    check_address(url)
    assert (await refused(url)).cause == "proxy_port"
    for answer in (b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 502 x\r\n\r\n", b"SSH-2.0\r\n"):
        async with speaking(answer, scheme="http") as proxy:
            proxied(proxy.get_secret_value().partition("/?")[0])
            assert (await refused(url)).reason == "proxy_failed"


@pytest.mark.parametrize("place", ["ws://127.0.0.1:1/?token=secret", "https://nowhere.invalid/", "ws://[", "/other"])
async def test_a_redirect_is_a_refusal_and_is_not_followed(place: str) -> None:
    async with answering(302, location=place) as url:
        failure = await refused(url)
    assert (failure.reason, failure.problem.what) == (
        "handshake_failed",
        "the Stream API at 127.0.0.1 redirects to another address",
    )


async def answer_to_handshake(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    line = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_key(line.split(b": ")[1].decode()).encode() + b"\r\n\r\n"
    )


async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await answer_to_handshake(reader))
    await writer.drain()
    await asyncio.sleep(0.05)


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
        connection = await open_websocket(url, largest=1024, timeout=60)
        async with asyncio.timeout(60):
            return await connection.ended()


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


async def test_closing_sends_a_close_frame_and_takes_at_most_a_second() -> None:
    over = asyncio.Event()

    async def deaf(ws: ServerConnection) -> None:
        ws.transport.pause_reading()
        await over.wait()
        ws.transport.abort()

    async with serve(deaf, "127.0.0.1", 0, compression=None) as server:
        connection = await open_websocket(
            SecretStr(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"), largest=9, timeout=60
        )
        async with asyncio.timeout(5):  # websockets would take ten
            await connection.close()
        over.set()
        assert not connection.was_closed_in_order
        connection.post([b"too late"])


@pytest.mark.parametrize(
    ("bytes_sent", "reason"),
    [
        (b"\x88\x02\x03\xe8", Reason.CLOSED_BY_SERVER),
        (b"\x88\x00", Reason.CLOSED_BY_SERVER),
        (b"\xff" * 14, Reason.PROTOCOL_ERROR),
        (b"\x81\x7f" + (1 << 20).to_bytes(8, "big"), Reason.MESSAGE_TOO_BIG),
    ],
)
async def test_a_server_that_keeps_the_socket_open_after_the_end_is_not_waited_for(
    bytes_sent: bytes, reason: Reason
) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        writer.write(bytes_sent)
        with suppress(OSError):
            while await reader.read(100):
                pass
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        url = SecretStr(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        connection = await open_websocket(url, largest=70_000, timeout=60)
        connection.start(list[bytes]().extend)
        async with asyncio.timeout(0.9):
            assert await connection.ended() == reason
        assert connection.was_closed_in_order == (reason is Reason.CLOSED_BY_SERVER)


async def test_a_read_full_of_pings_does_not_hold_up_the_loop() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        writer.write(b"\x89\x00" * 20_000 + b"\x81\x04last")
        with suppress(OSError):
            while await reader.read(10_000):
                pass
        writer.close()

    found: list[bytes] = []
    turns = 0
    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        url = SecretStr(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        connection = await open_websocket(url, largest=70_000, timeout=60)
        connection.start(found.extend)
        async with asyncio.timeout(60):
            while not found:
                await asyncio.sleep(0)
                turns += 1
        connection.cut()
        await connection.ended()
    assert found == [b"last"]
    assert turns >= 20_000 / OTHERS_PER_TURN


@pytest.mark.parametrize("together", [True, False])
async def test_messages_come_whole_whether_or_not_the_handshake_came_alone(*, together: bool) -> None:
    texts = [b"first", b"\r\n\r\n", b"x" * 300, b"last"]
    wires = [bytes([0x81, len(text)]) + text if len(text) < 126 else b"\x81\x7e\x01\x2c" + text for text in texts]

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = await answer_to_handshake(reader)
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
        connection = await open_websocket(url, largest=1 << 20, timeout=60)
        connection.start(found.extend)
        async with asyncio.timeout(60):
            while len(found) < len(texts):  # noqa: ASYNC110 - a test may look
                await asyncio.sleep(0.01)
        connection.cut()
        await connection.ended()
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
            await asyncio.sleep(0)

    reads: list[list[bytes]] = []
    async with serve(handler, "127.0.0.1", 0, compression=None, ssl=context if secure else None) as server:
        scheme = "wss" if secure else "ws"
        url = SecretStr(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        connection = await open_websocket(url, largest=1024, timeout=60)
        connection.start(reads.append)
        async with asyncio.timeout(60):
            assert await connection.ended() == "closed_by_server"
    assert [message for read in reads for message in read] == [str(number).encode() for number in range(200)]
    assert len(reads) < 100
