"""The simulator as a running server: its routes, and the task that sends on every tick."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Self

from aiohttp import web

from tidemark.core.errors import Problem
from tidemark.simulator.control import CONTROL_PATH, Control
from tidemark.simulator.events_api.http import API_PATH, EventsApi
from tidemark.simulator.faults import Close, Fault
from tidemark.simulator.hub import Hub, Source
from tidemark.simulator.ledger import Fired, LedgerFiles
from tidemark.simulator.market.market import Market
from tidemark.simulator.options import Options
from tidemark.simulator.recording import Recording, read_recorded
from tidemark.simulator.stream.handshake import STREAM_PATH, StreamApi

TICK = 0.01
SHUTDOWN_TIMEOUT = 1.0
"""Seconds that connections have to end when the simulator stops."""
LARGEST_REQUEST = 64 * 1024 * 1024


class Simulator:
    """A running simulator: `async with Simulator(options) as simulator`.

    `tick_task` is the task that sends; it ends by itself only when the ledger cannot be written. Raises Problem then,
    and where the port is taken, or the certificate or the recording cannot be read.
    """

    hub: Hub

    def __init__(self, options: Options) -> None:
        self.options = options
        self._tls: ssl.SSLContext | None = None
        self._ticked = asyncio.Event()

    async def __aenter__(self) -> Self:
        if self.options.certificate:
            self._tls = _tls_with(self.options.certificate)
        async with AsyncExitStack() as parts:
            ledger = parts.enter_context(LedgerFiles(self.options.ledger))
            self.hub = Hub(self.options, source_of(self.options), ledger)
            self.hub.set_rate(self.options.rate)
            self._runner = await self._listen(parts)
            self.arm(*self.options.faults)
            self.tick_task = asyncio.create_task(self._keep_ticking())
            parts.push_async_callback(self._close)
            self._parts = parts.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._parts.aclose()

    async def _listen(self, parts: AsyncExitStack) -> web.AppRunner:
        """Open the port."""
        app = web.Application(client_max_size=LARGEST_REQUEST)
        for api in (StreamApi(self.hub), EventsApi(self.hub), Control(self.hub)):
            app.add_routes(api.routes())
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT)
        parts.push_async_callback(runner.cleanup)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.options.host, self.options.port, ssl_context=self._tls).start()
        except OSError as error:
            raise Problem(
                f"port {self.options.port} of {self.options.host} cannot be opened ({error.strerror})",
                "Stop what uses it, or choose another with --port; 0 takes a free one.",
            ) from error
        return runner

    async def _close(self) -> None:
        """Close every connection with a Close frame. Raises what ended the tick task, if it ended by itself."""
        self.tick_task.cancel()
        with suppress(asyncio.CancelledError):
            await self.tick_task
        for socket in self.hub.sockets:
            socket.connection.ending = socket.connection.ending or Close(code=1001)
        self.hub.tick()

    async def _keep_ticking(self) -> None:
        while True:
            await asyncio.sleep(0 if self.hub.pace.behind else TICK)
            self.hub.tick()
            self._ticked.set()
            self._ticked = asyncio.Event()

    async def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until a condition is true, such as `lambda: simulator.joined("collector-a")`. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition():
                await self._ticked.wait()

    def joined(self, client: str | None = None) -> int:
        """Return how many connections, of one client or of all, have a topic joined and are not being closed."""
        connections = (socket.connection for socket in self.hub.sockets)
        joined = (each for each in connections if each.channels.subscriptions and not each.ending)
        return sum(client in {None, connection.client} for connection in joined)

    @property
    def address(self) -> str:
        """The host and port that the server really has."""
        host, port = self._runner.addresses[0][:2]
        return f"{host}:{port}"

    @property
    def _http(self) -> str:
        return "https" if self._tls else "http"

    @property
    def stream_url(self) -> str:
        """The Stream API's address, without a key."""
        return f"{'wss' if self._tls else 'ws'}://{self.address}{STREAM_PATH}"

    @property
    def api_url(self) -> str:
        """The Events API's address."""
        return f"{self._http}://{self.address}{API_PATH}"

    @property
    def control_url(self) -> str:
        """The address of the control routes."""
        return f"{self._http}://{self.address}{CONTROL_PATH}"

    @property
    def addresses(self) -> dict[str, str]:
        """Where everything is, for people and for scripts."""
        return {
            "stream_url": self.stream_url,
            "api_url": self.api_url,
            "control_url": self.control_url,
            "ledger": str(self.options.ledger.absolute()),
        }

    @property
    def fired(self) -> list[Fired]:
        """Every fault that has fired."""
        return self.hub.fired

    def arm(self, *faults: Fault) -> None:
        """Schedule faults."""
        self.hub.arm(*faults)

    def send(self, *lines: bytes) -> None:
        """Send recorded lines: frames unchanged, envelopes in a frame of each subscription."""
        for line in lines:
            self.hub.publish(read_recorded(line))
        self.hub.tick()


def _tls_with(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate)
    except OSError as error:
        raise Problem(
            f"the certificate {certificate} cannot be used ({error.strerror or error})",
            "Name a PEM file that holds a certificate and its key with --certificate.",
        ) from error
    return context


def source_of(options: Options) -> Source:
    """Return the recording that the options name, else a market."""
    if options.recording:
        return Recording.open(options.recording)
    return Market(
        options.seed,
        sales_share=options.sales_share,
        again_share=options.again_share,
        old_share=options.old_share,
        hard_share=options.hard_share,
    )
