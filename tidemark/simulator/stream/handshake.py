"""The Stream API's handshake: who may open a socket, and in which form it speaks."""

import asyncio
import time

from aiohttp import web

from tidemark.simulator.faults import Close, CloseOnOpen, HangHandshake, Refuse
from tidemark.simulator.hub import Hub
from tidemark.simulator.stream.channel import Socket
from tidemark.simulator.stream.connection import Connection
from tidemark.simulator.stream.websocket import Wire

UNKNOWN = "unknown"
"""How the ledger names a client whose key is not known."""
STREAM_PATH = "/socket/websocket"
LARGEST_REQUEST = 1 << 20


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
        if hang := faults.gate(HangHandshake, client or UNKNOWN, None, now):
            await asyncio.sleep(hang.hold)
        if refusal := faults.gate(Refuse, client or UNKNOWN, None, now):
            return web.Response(status=refusal.status, headers=refusal.headers)
        if client is None:
            return web.Response(status=403)
        ws = web.WebSocketResponse(compress=False, autoping=False, timeout=1.0, max_msg_size=LARGEST_REQUEST)
        await ws.prepare(request)
        await self._serve(client, request, ws)
        return ws

    async def _serve(self, client: str, request: web.Request, ws: web.WebSocketResponse) -> None:
        """Keep a socket until it ends."""
        hub, now = self._hub, time.monotonic()
        hub.opened += 1
        socket = Socket(arrays="vsn" in request.query)
        connection = Connection(hub.opened, client, socket, hub.faults, now)
        if fault := hub.faults.gate(CloseOnOpen, client, connection.number, now):
            connection.ending = Close(code=fault.code)
        wire = Wire(connection, ws, request, hub.ledger)
        hub.wires.append(wire)
        try:
            await wire.serve()
        finally:
            hub.wires.remove(wire)
