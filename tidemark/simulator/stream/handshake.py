"""The Stream API's handshake: who may open a socket, and in which version it speaks."""

import asyncio
import re
import time
from contextlib import suppress

from aiohttp import web

from tidemark.simulator.faults import Close, CloseOnOpen, HangHandshake, Refuse
from tidemark.simulator.hub import Hub
from tidemark.simulator.stream.channel import Channels
from tidemark.simulator.stream.connection import Connection
from tidemark.simulator.stream.websocket import WebSocket

UNKNOWN = "unknown"
"""How the ledger names a client whose key is not known."""
STREAM_PATH = "/socket/websocket"
LARGEST_REQUEST = 1 << 20


def read_vsn(text: str) -> bool | None:
    """Return whether a serializer's version has array frames; None for a version that the server does not know."""
    for version, arrays in (("1", False), ("2", True)):
        if re.fullmatch(rf"{version}\.0\.\d+", text, re.ASCII):
            return arrays
    return None


class StreamApi:
    """Opens websockets for clients with a known key."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the Stream API."""
        return [web.get(STREAM_PATH, self._open)]

    async def _open(self, request: web.Request) -> web.StreamResponse:
        faults, now = self._hub.faults, time.monotonic()
        client = self._hub.options.keys.get(request.query.get("token", ""))
        if hang := faults.request_fault(HangHandshake, client or UNKNOWN, None, now):
            await asyncio.sleep(hang.hold)
        if refusal := faults.request_fault(Refuse, client or UNKNOWN, None, now):
            return web.Response(status=refusal.status, headers=refusal.headers)
        arrays = read_vsn(request.query.get("vsn", "1.0.0"))
        if client is None or arrays is None:
            return web.Response(status=403)
        ws = web.WebSocketResponse(
            compress=False, autoclose=False, autoping=False, timeout=1.0, max_msg_size=LARGEST_REQUEST
        )
        try:
            await ws.prepare(request)
        except ConnectionResetError:  # the client left during the handshake
            return web.Response()
        with suppress(ConnectionResetError):
            await self._serve(client, request, ws, Channels(arrays=arrays))
        return ws

    async def _serve(self, client: str, request: web.Request, ws: web.WebSocketResponse, channels: Channels) -> None:
        """Keep a socket until it ends."""
        hub, now = self._hub, time.monotonic()
        hub.opened += 1
        connection = Connection(hub.opened, client, channels, hub.faults, now, seed=hub.options.seed)
        if fault := hub.faults.request_fault(CloseOnOpen, client, connection.number, now):
            connection.ending = Close(code=fault.code)
        socket = WebSocket(connection, ws, request, hub.ledger)
        hub.sockets.append(socket)
        try:
            await socket.serve()
        finally:
            hub.sockets.remove(socket)
