"""A client for tests: websockets, and the frames it sends by hand."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets

from tidemark.simulator.server import Simulator

OK = {"status": "ok", "response": {}}


def envelope(event_type: str = "item_sold", slug: str = "seals", **payload: Any) -> bytes:
    """Return an envelope, as a recording holds it."""
    payload = {"collection": {"slug": slug}, **payload}
    return json.dumps({"event_type": event_type, "sent_at": "2026-11-22T15:00:00Z", "payload": payload}).encode()


class Client:
    """One socket."""

    def __init__(self, ws: websockets.ClientConnection) -> None:
        self.ws = ws

    async def log(self, *frame: Any) -> None:
        await self.ws.send(json.dumps(frame))

    async def hear(self) -> Any:
        return json.loads(await self.ws.recv())

    async def join(self, topic: str = "collection:*", payload: Any = None) -> Any:
        await self.log("1", "1", topic, "phx_join", payload or {})
        return await self.hear()

    async def heartbeat(self) -> None:
        await self.log(None, "9", "phoenix", "heartbeat", {})


@asynccontextmanager
async def connected(
    simulator: Simulator, key: str = "key-a", *, vsn: str = "&vsn=2.0.0", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Client]:
    """Open a socket with a key; it has joined nothing."""
    url = f"{simulator.stream_url}?token={key}{vsn}"
    async with websockets.connect(url, max_size=None, ping_interval=None, open_timeout=60, ssl=tls) as ws:
        yield Client(ws)
