"""The edge of one websocket, on aiohttp: frames in, frames out, and a line in the ledger for each message."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from tidemark.simulator.disk import LedgerFiles
from tidemark.simulator.faults import Close, HalfOpen, Reset
from tidemark.simulator.ledger import Sent
from tidemark.simulator.stream.connection import Connection
from tidemark.simulator.stream.send_queue import QueuedFrame

_TEXT, _BINARY = 0x81, 0x82
_SHORT, _MEDIUM = 125, 0xFFFF
STALL = 0.05


def wire_frame(queued: QueuedFrame) -> bytes:
    """Print a server's unmasked websocket frame (RFC 6455, section 5.2).

    Frames are printed here and not by aiohttp, so that a thousand of them leave with one system call.
    """
    first = _BINARY if queued.binary else _TEXT
    size = len(queued.frame)
    if size <= _SHORT:
        return bytes((first, size)) + queued.frame
    if size <= _MEDIUM:
        return bytes((first, 126)) + size.to_bytes(2, "big") + queued.frame
    return bytes((first, 127)) + size.to_bytes(8, "big") + queued.frame


class WebSocket:
    """A connection on its websocket, which the request has opened."""

    def __init__(
        self, connection: Connection, ws: web.WebSocketResponse, request: web.Request, ledger: LedgerFiles
    ) -> None:
        if (transport := request.transport) is None:
            raise ConnectionResetError("the client left during the handshake")
        self.connection = connection
        self._ws = ws
        self._transport = transport
        self._ledger = ledger
        self._sequence = 0
        self._closing: asyncio.Task[bool] | None = None

    def status(self) -> dict[str, Any]:
        """Return who this is, what it joined, and how many messages it was sent."""
        return {
            "connection": self.connection.number,
            "client": self.connection.client,
            "topics": list(self.connection.channels.subscriptions),
            "sent": self._sequence,
        }

    async def serve(self) -> None:
        """Hear the client until either side ends the connection."""
        with suppress(ConnectionResetError):
            await self._read()
        if self._closing:
            await self._closing

    async def _read(self) -> None:
        connection = self.connection
        while not self._ws.closed:
            if connection.active_faults.get(HalfOpen, time.monotonic()) and not self._transport.is_closing():
                await asyncio.sleep(STALL)
                continue
            message = await self._ws.receive()
            now = time.monotonic()
            if connection.active_faults.get(HalfOpen, now):
                continue
            if message.type is WSMsgType.TEXT:
                connection.receive(message.data, now)
            elif message.type is WSMsgType.PING:
                connection.last_received = now
                await self._ws.pong(message.data)

    def flush(self, now: float, timestamp: str) -> None:
        """Write what waits, unless the last batch has not left yet; then end the connection if it is to end."""
        if isinstance(self.connection.ending, Reset):
            self._transport.abort()
        if self._closing or self._transport.is_closing() or self._transport.get_write_buffer_size():
            return
        if batch := self.connection.take(now):
            self._transport.write(b"".join(map(wire_frame, batch)))
            for queued in batch:
                self._record(queued, timestamp)
        if isinstance(ending := self.connection.ending, Close):
            self._closing = asyncio.create_task(self._ws.close(code=ending.code, message=ending.reason.encode()))

    def _record(self, queued: QueuedFrame, timestamp: str) -> None:
        if (message := queued.message) is None:
            return
        self._sequence += 1
        to, number = self.connection.client, self.connection.number
        self._ledger.write(
            Sent(timestamp, to, number, self._sequence, message.event_type, message.digest, message.sale)
        )
