"""Other libraries in the place of the collector's own edge to the network, to see what they would bring.

The collector's session does not know the difference; but no fault is provided for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import aiohttp
from picows import websockets as picows
from pydantic import SecretStr

from collector.stream.websocket import Take


class Connection:
    """What the collector's session needs of a connection, around three coroutines of any library."""

    def __init__(
        self,
        receive: Callable[[], Awaitable[bytes]],
        send: Callable[[str], Awaitable[None]],
        close: Callable[[], Awaitable[None]],
    ) -> None:
        self.close = close
        self._receive, self._send = receive, send
        self._messages: list[bytes] = []

    def start(self, take: Take) -> None:
        """Hand messages to `take` from now on."""
        self._reading = asyncio.create_task(self._read(take))

    async def _read(self, take: Take) -> None:
        loop = asyncio.get_running_loop()
        with suppress(EOFError, picows.ConnectionClosed):
            while True:
                message = await self._receive()
                if not self._messages:
                    loop.call_soon(self._hand_over, take)  # its turn comes when nothing is left to receive at once
                self._messages.append(message)

    def _hand_over(self, take: Take) -> None:
        messages, self._messages = self._messages, []
        take(messages)

    def post(self, frames: Iterable[bytes]) -> None:
        """Send text frames."""
        self._sending = [asyncio.ensure_future(self._send(frame.decode())) for frame in frames]

    def cut(self) -> None:
        """Read no more."""
        self._reading.cancel()

    async def ended(self) -> str:
        """Wait for the end."""
        await self._reading
        return "connection_lost"


async def connect_picows(url: SecretStr, **_: object) -> Connection:
    socket = await picows.connect(url.get_secret_value(), compression=None, ping_interval=None)

    async def receive() -> bytes:
        frame = await socket.recv(decode=False)
        return frame if isinstance(frame, bytes) else frame.encode()

    return Connection(receive, socket.send, socket.close)


async def connect_aiohttp(url: SecretStr, **_: object) -> Connection:
    session = aiohttp.ClientSession()
    socket = await session.ws_connect(url.get_secret_value(), decode_text=False)

    async def receive() -> bytes:
        message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise EOFError
        return bytes(message.data)

    async def close() -> None:
        await socket.close()
        await session.close()

    return Connection(receive, socket.send_str, close)
