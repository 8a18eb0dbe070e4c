"""A small HTTP server for metrics, health and status, on loopback by default; and the client that asks it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.request import ProxyHandler, build_opener

from tidemark.core.errors import Problem

TIMEOUT = 5.0
CONNECTIONS = 16
_STATUS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    media_type: str = "application/json"


class HttpServer:
    """Serves the answers of functions, one per path; every connection is closed after its answer.

    With `port` None it takes `usual`, or any free one where that is taken. At most `CONNECTIONS` are open at once, the
    oldest goes first, and none lasts longer than `timeout` seconds, so that the process keeps the files it needs.
    """

    def __init__(
        self,
        routes: Mapping[str, Callable[[], Answer]],
        host: str,
        port: int | None,
        usual: int,
        *,
        timeout: float = TIMEOUT,
    ) -> None:
        self._routes = routes
        self._host = host
        self._ports = (usual, 0) if port is None else (port,)
        self._timeout = timeout
        self._open: list[asyncio.WriteTransport] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to serve. Raises Problem where the host or the port cannot be had; it may be started again."""
        for port in self._ports:
            try:
                self._server = await asyncio.start_server(
                    self._serve, self._host, port, limit=8192, backlog=CONNECTIONS
                )
            except (OSError, UnicodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "this is no name of a machine"
                problem = Problem(
                    f"metrics cannot be served on {self._host} port {port}: {why}",
                    "choose another TIDEMARK_METRICS_HOST or TIDEMARK_METRICS_PORT",
                )
            else:
                return
        raise problem

    def close(self) -> None:
        """End serving."""
        if self._server:
            self._server.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        """The address that the server really has; empty while it serves nothing."""
        if self._server is None:
            return ""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= CONNECTIONS:
            self._open.pop(0).abort()
        self._open.append(writer.transport)
        try:
            async with asyncio.timeout(self._timeout):
                head = await reader.readuntil(b"\r\n\r\n")
                answer = self._answer(head)
                writer.write(
                    f"HTTP/1.1 {answer.status} {_STATUS[answer.status]}\r\nContent-Type: {answer.media_type}\r\n"
                    f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n".encode()
                )
                writer.write(answer.body)
                writer.close()
                await writer.wait_closed()
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.transport.abort()
            if writer.transport in self._open:
                self._open.remove(writer.transport)

    def _answer(self, head: bytes) -> Answer:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].decode("ascii", "replace")
        if method != b"GET":
            return Answer(405, b'{"error":"only GET"}')
        route = self._routes.get(path)
        return route() if route else Answer(404, b'{"error":"no such path"}')


def ask(address: str, path: str) -> bytes:
    """Return the body that another collector process answers. Raises OSError where it does not answer."""
    opener = build_opener(ProxyHandler({}))
    with opener.open(f"{address}{path}", timeout=TIMEOUT) as answer:
        return bytes(answer.read())
