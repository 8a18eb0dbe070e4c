"""The edge of one websocket, on aiohttp: frames in, frames out, and a line in the ledger for each message."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from tidemark.simulator.faults import Close, HalfOpen, Reset
from tidemark.simulator.ledger import LedgerFiles, Missed, Sent
from tidemark.simulator.stream.connection import Connection
from tidemark.simulator.stream.send_queue import Opcode, QueuedFrame

_SHORT, _MEDIUM = 125, 0xFFFF
STALL = 0.05
ENDED = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}


def wire_frame(queued: QueuedFrame) -> bytes:
    """Print a server's unmasked websocket frame (RFC 6455, section 5.2).

    Frames are printed here and not by aiohttp, so that a thousand of them leave with one system call.
    """
    size = len(queued.frame)
    if size <= _SHORT:
        return bytes((queued.opcode, size)) + queued.frame
    if size <= _MEDIUM:
        return bytes((queued.opcode, 126)) + size.to_bytes(2, "big") + queued.frame
    return bytes((queued.opcode, 127)) + size.to_bytes(8, "big") + queued.frame


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
        self._kept_open_until: float | None = None

    def status(self) -> dict[str, Any]:
        """Return who this is, what it joined, how many messages it was sent and how many frames wait."""
        return {
            "connection": self.connection.number,
            "client": self.connection.client,
            "topics": list(self.connection.channels.subscriptions),
            "sent": self._sequence,
            "queued": self.connection.queued,
        }

    async def serve(self) -> None:
        """Read from the client until either side ends the connection; what is still queued then is lost."""
        with suppress(ConnectionResetError):
            await self._read()
        if self._closing:
            await self._closing
        elif not self._transport.is_closing():
            await self._ws.close()
        self.connection.close()
        self._record_missed()

    async def _read(self) -> None:
        connection = self.connection
        while not self._ws.closed:
            now = time.monotonic()
            if self._stalled(now) and not self._transport.is_closing():
                await asyncio.sleep(STALL)
                continue
            if self._kept_open_until is not None:
                self._transport.close()
                return
            message = await self._ws.receive()
            now = time.monotonic()
            if self._stalled(now):
                continue
            if message.type in ENDED:  # aiohttp returns these again and again without a pause
                break
            if message.type is WSMsgType.TEXT:
                connection.receive(message.data, now)
            elif message.type is WSMsgType.PING:
                connection.last_received = now
                await self._ws.pong(message.data)

    def _stalled(self, now: float) -> bool:
        """Tell whether nothing is read, because of a fault."""
        kept_open = self._kept_open_until is not None and now < self._kept_open_until
        return kept_open or self.connection.active_faults.get(HalfOpen, now) is not None

    def flush(self, now: float, at: str) -> None:
        """Write what waits, unless the last batch has not left yet; then end the connection if it is to end."""
        self._record_missed()
        ending = self.connection.ending
        if isinstance(ending, Reset):
            self._transport.abort()
        if self._closing or self.connection.closed or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size():
            return
        if batch := self.connection.take(now):
            self._transport.write(b"".join(map(wire_frame, batch)))
            for queued in batch:
                self._record(queued, at)
        if isinstance(ending, Close):
            self._close(ending, now)

    def _close(self, ending: Close, now: float) -> None:
        """Send a Close frame, and end TCP too unless the fault keeps it open."""
        if not ending.keep_open:
            self._closing = asyncio.create_task(self._ws.close(code=ending.code, message=ending.reason.encode()))
            return
        content = ending.code.to_bytes(2, "big") + ending.reason.encode()
        self._transport.write(wire_frame(QueuedFrame(content, opcode=Opcode.CLOSE)))
        self._kept_open_until = now + (ending.seconds if ending.seconds is not None else float("inf"))
        self.connection.close()

    def _record(self, queued: QueuedFrame, at: str) -> None:
        if (message := queued.message) is None:
            return
        self._sequence += 1
        self._ledger.write(
            Sent(
                at,
                self.connection.client,
                self.connection.number,
                self._sequence,
                message.event_type,
                message.digest,
                message.sale,
                queued.topic,
                queued.at,
                message.sale_number,
            )
        )

    def _record_missed(self) -> None:
        for message, topic, at, cause in self.connection.missed:
            to, number = self.connection.client, self.connection.number
            self._ledger.write(
                Missed(
                    at,
                    to,
                    number,
                    topic,
                    message.event_type,
                    message.digest,
                    cause,
                    message.sale,
                    message.sale_number,
                )
            )
        self.connection.missed.clear()
