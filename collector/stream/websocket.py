"""The edge to the network: one websocket, whose messages arrive a read at a time."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from websockets.asyncio import client
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus, InvalidURI, ProxyError
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Event
from websockets.proxy import get_proxy, parse_proxy
from websockets.uri import parse_uri

from collector.stream.splitter import FrameSplitter
from tidemark.archive.reasons import Reason
from tidemark.core.errors import Problem
from tidemark.core.timestamps import parse_http_date
from tidemark.storage.failures import failure_of

_silent = logging.getLogger("tidemark.websockets")  # the library's own log would show the address, and with it the key
_silent.disabled = True
_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
_KEY_REFUSED = (401, 403)
_TOO_MANY = 429
_SERVER_ERROR = 500
_REDIRECTS = range(300, 400)
_WAIT = "Wait; if it lasts, look at OpenSea's status page"
_GATHERING = 0.02
_BUSY = 16 * 1024
_CLOSING = 1.0
_OWN_CODES = {1009: Reason.MESSAGE_TOO_BIG, 1002: Reason.PROTOCOL_ERROR, 1007: Reason.PROTOCOL_ERROR}
Take = Callable[[list[bytes]], None]


class ConnectError(Exception):
    """No websocket came about: `problem` says what a person reads of it, `cause` is the word that metrics count.

    `retry_after` is the pause in seconds that the server asked for, None where it did not.
    """

    def __init__(
        self, reason: Reason, problem: Problem, cause: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(reason, problem)
        self.reason = reason
        self.problem = problem
        self.cause = cause or reason
        self.retry_after = retry_after


class WebSocketConnection(client.ClientConnection):
    """A websocket that hands over all messages of one read at once, as bytes and before the loop runs on.

    What takes them is therefore never ahead of the socket, and the operating system holds the server back. A read with
    very many frames is handed over in parts, and nothing more is read meanwhile.
    """

    _take: Take | None = None
    _straight = False
    _rest = b""
    failure: Exception | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._splitter = FrameSplitter(super().data_received)
        self._parts: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; one that decrypts shall not read ahead while it is paused."""
        super().connection_made(transport)
        if limit := getattr(transport, "set_read_buffer_limits", None):
            limit(high=1)

    def start(self, take: Take) -> None:
        """Hand messages to `take` from now on, beginning with those that are already there."""
        self._take = take
        self._hand_over()

    def post(self, frames: Iterable[bytes]) -> None:
        """Send text frames, unless the socket is closing."""
        for frame in frames:
            if self.protocol.state is OPEN:
                self.protocol.send_text(frame)
        self.send_data()

    def cut(self) -> None:
        """End the connection without a Close frame."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what the socket read; the fast path opens behind a handshake that came alone."""
        if self._straight and not self._is_over:
            self._rest = self._splitter.take(data)
        else:
            fresh = self.response is None
            super().data_received(data)
            self._straight = fresh and self.response is not None and data.endswith(b"\r\n\r\n")
        self._hand_over()
        if self._is_over:  # close the socket when what is to be sent has left; the server may never close its side
            self.transport.close()
            self.loop.call_later(_CLOSING, self.transport.abort)
        elif self._rest:
            self.transport.pause_reading()
            self.loop.call_soon(self._go_on)
        elif len(data) < _BUSY:  # let what comes next wait in the socket: to be woken costs more than a message
            self.transport.pause_reading()
            self.loop.call_later(_GATHERING, self._read_on)

    def _go_on(self) -> None:
        """Deal with the next part of a read."""
        rest, self._rest = self._rest, b""
        if rest:
            self.data_received(rest)
        self._read_on()

    def _read_on(self) -> None:
        if not self._rest:
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand over what was read, then end."""
        while self._rest and not self._is_over:
            self._rest = self._splitter.take(self._rest)
            self._hand_over()
        super().connection_lost(exc)

    @property
    def _is_over(self) -> bool:
        """Whether nothing more can come: the server closed, or it sent what no websocket may carry."""
        return self.protocol.close_rcvd is not None or self.protocol.parser_exc is not None

    def process_event(self, event: Event) -> None:
        """Gather the messages that the library parsed; everything else is the library's."""
        if not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
            return
        self._parts.append(bytes(event.data))
        if event.fin:
            self._splitter.messages.append(b"".join(self._parts))
            self._parts.clear()

    def _hand_over(self) -> None:
        messages = self._splitter.messages
        if not messages or self._take is None:
            return
        self._splitter.messages = []
        try:
            self._take(messages)
        except Exception as error:  # noqa: BLE001 - asyncio would take it for a lost connection; `ended` raises it
            self.failure = error
            self._take = None
            self.cut()

    @property
    def was_closed_in_order(self) -> bool:
        """Whether the server closed in good order; then everything it had sent before has arrived."""
        return self.protocol.close_rcvd is not None and self.protocol.parser_exc is None

    async def ended(self) -> Reason:
        """Wait for the end and return why. Raises what the taker of messages raised."""
        await self.wait_closed()
        if self.failure:
            raise self.failure
        if self.was_closed_in_order and self.protocol.close_rcvd_then_sent:
            return Reason.CLOSED_BY_SERVER
        sent = self.protocol.close_sent
        return _OWN_CODES.get(sent.code, Reason.CONNECTION_LOST) if sent else Reason.CONNECTION_LOST


def check_address(url: SecretStr) -> None:
    """Raise Problem where an address, or the proxy that the environment sets for it, cannot be used."""
    try:
        address = parse_uri(url.get_secret_value())
    except (InvalidURI, ValueError):  # the latter for a port that none can be
        raise _no_address() from None
    try:
        proxy = get_proxy(address)
        if proxy and parse_proxy(proxy).scheme.startswith("socks"):
            import_module("python_socks")
    except (InvalidProxy, ImportError, ValueError):
        raise _no_proxy() from None


class _Connect(client.connect):
    """Opens a websocket where the address says, and nowhere else: the key is not taken to where an answer points."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Take a redirect for what any other refusal is."""
        return exc


async def open_websocket(url: SecretStr, *, largest: int, timeout: float) -> WebSocketConnection:  # noqa: ASYNC109 - of the library
    """Open a websocket; messages of more than `largest` bytes (at least 64 KiB) end it.

    Raises ConnectError for everything that may pass, Problem for an address or a proxy that cannot be used.
    """
    check_address(url)
    address = url.get_secret_value()
    try:
        connection = await _Connect(
            address,
            create_connection=WebSocketConnection,
            compression=None,
            ping_interval=None,
            open_timeout=timeout,
            close_timeout=_CLOSING,
            max_size=largest,
            logger=_silent,
        )
    except Exception as error:
        failure = failure_to_connect(address, error)
        if failure is None:
            raise
        raise failure from None
    assert isinstance(connection, WebSocketConnection)  # noqa: S101 - create_connection makes it so
    return connection


# By class, the first that fits: a proxy's errors are among those of a handshake, and TLS's among the system's.
_REASONS: tuple[tuple[tuple[type[Exception], ...], Reason], ...] = (
    ((ProxyError,), Reason.PROXY_FAILED),
    ((InvalidHandshake, EOFError), Reason.HANDSHAKE_FAILED),
    ((ssl.SSLError,), Reason.TLS_FAILED),
    ((OSError,), Reason.UNREACHABLE),  # TimeoutError, too
)


def failure_to_connect(address: str, error: Exception) -> ConnectError | Problem | None:
    """Return what an error of the library means; None for one that it does not raise while it connects."""
    place = f"the Stream API at {urlsplit(address).hostname}"
    if isinstance(error, InvalidStatus):
        return _refusal(place, error.response.status_code, error.response.headers)
    reason = next((reason for classes, reason in _REASONS if isinstance(error, classes)), None)
    if reason and (failure := failure_of(error, proxied=get_proxy(parse_uri(address)) is not None)):
        return ConnectError(reason, failure.problem(place), failure.cause)
    if isinstance(error, InvalidProxy | ImportError):
        return _no_proxy()
    # the library raises ValueError for a name that none can be
    return _no_address() if isinstance(error, InvalidURI | ValueError) else None


def _no_address() -> Problem:
    return Problem("TIDEMARK_STREAM_URL is no websocket address", "write it as wss://HOST/PATH")


def _no_proxy() -> Problem:
    hint = "write HTTPS_PROXY as http://HOST:PORT; a SOCKS proxy needs the package python-socks"
    return Problem("the proxy in the environment cannot be used", hint)


def _refusal(place: str, status: int, headers: Headers) -> ConnectError:
    if status in _KEY_REFUSED:
        problem = Problem(f"{place} refused the key (HTTP {status})", "Put a valid key into OPENSEA_API_KEY")
        return ConnectError(Reason.KEY_REFUSED, problem)
    pause = _retry_after(headers)
    if status == _TOO_MANY:
        problem = Problem(f"{place} takes no more requests with this key for now (HTTP {status})", _WAIT, True)
        return ConnectError(Reason.RATE_LIMITED, problem, None, pause)
    if status >= _SERVER_ERROR:
        problem = Problem(f"{place} failed (HTTP {status})", _WAIT, True)
        return ConnectError(Reason.SERVER_ERROR, problem, None, pause)
    if status in _REDIRECTS:
        return ConnectError(Reason.HANDSHAKE_FAILED, redirected(place), None, pause)
    problem = Problem(f"{place} answered HTTP {status}, no websocket", "Check TIDEMARK_STREAM_URL")
    return ConnectError(Reason.HANDSHAKE_FAILED, problem, None, pause)


def redirected(place: str) -> Problem:
    """Return what a redirect is; it is not followed, because the key would go with it."""
    return Problem(f"{place} redirects to another address", "Set TIDEMARK_STREAM_URL to that address itself")


def _retry_after(headers: Headers) -> float | None:
    """Read the pause that a server asks for: seconds, or a date, which is compared with the answer's own."""
    asked = _only(headers, "Retry-After")
    if asked.strip().isdecimal():
        return float(asked)
    until, answered = parse_http_date(asked), parse_http_date(_only(headers, "Date"))
    return max(0.0, (until - answered).total_seconds()) if until and answered else None


def _only(headers: Headers, name: str) -> str:
    """Return a header; nothing where it is missing or there twice, of which the library makes an error."""
    found = headers.get_all(name)
    return found[0] if len(found) == 1 else ""
