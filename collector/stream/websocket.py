"""The edge to the network: one websocket, whose messages arrive a read at a time."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Event

from collector.stream.lane import Lane
from tidemark.archive.reasons import Reason
from tidemark.core.errors import Problem

_silent = logging.getLogger("tidemark.websockets")  # the library's own log would show the address, and with it the key
_silent.disabled = True
_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
_KEY_REFUSED = (401, 403)
_TOO_MANY = 429
_SERVER_ERROR = 500
_GATHERING = 0.01
_BUSY = 16 * 1024
_OWN_CODES = {1009: Reason.MESSAGE_TOO_BIG, 1002: Reason.PROTOCOL_ERROR, 1007: Reason.PROTOCOL_ERROR}
Take = Callable[[list[bytes]], None]


class Undialled(Exception):
    """No websocket came about: `reason` is the ledger's word, `retry_after` the seconds the server asked for."""

    def __init__(self, reason: str, status: int | None = None, retry_after: float = 0.0) -> None:
        super().__init__(reason, status)
        self.reason = reason
        self.status = status
        self.retry_after = retry_after

    @property
    def refused(self) -> bool:
        """Whether the server said no to this client, rather than being away."""
        return self.status in (*_KEY_REFUSED, _TOO_MANY)


class Wire(ClientConnection):
    """A websocket that hands over all messages of one read at once, as bytes and before the loop runs on.

    What takes them is therefore never ahead of the socket, and the operating system holds the server back.
    """

    _take: Take | None = None
    _straight = False
    failure: Exception | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lane = Lane(super().data_received)
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
        """End the connection without a word."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what the socket read; the fast lane opens behind a handshake that came alone."""
        if self._straight and self.protocol.close_rcvd is None and self.protocol.parser_exc is None:
            self._lane.take(data)
        else:
            fresh = self.response is None
            super().data_received(data)
            self._straight = fresh and self.response is not None and data.endswith(b"\r\n\r\n")
        self._hand_over()
        if len(data) < _BUSY:
            self._gather()

    def _gather(self) -> None:
        """Let what comes next wait in the socket: to be woken for each message costs more than the message."""
        self.transport.pause_reading()
        self.loop.call_later(_GATHERING, self.transport.resume_reading)

    def process_event(self, event: Event) -> None:
        """Gather the messages that the library parsed; everything else is the library's."""
        if not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
            return
        self._parts.append(bytes(event.data))
        if event.fin:
            self._lane.messages.append(b"".join(self._parts))
            self._parts.clear()

    def _hand_over(self) -> None:
        messages = self._lane.messages
        if not messages or self._take is None:
            return
        self._lane.messages = []
        try:
            self._take(messages)
        except Exception as error:  # noqa: BLE001 - asyncio would take it for a lost connection; `ended` raises it
            self.failure = error
            self._take = None
            self.cut()

    @property
    def said_goodbye(self) -> bool:
        """Whether the server closed in good order; then everything it sent before has arrived."""
        return self.protocol.close_rcvd is not None

    async def ended(self) -> str:
        """Wait for the end and return the ledger's word for it. Raises what the taker of messages raised."""
        await self.wait_closed()
        if self.failure:
            raise self.failure
        if self.said_goodbye and self.protocol.close_rcvd_then_sent:
            return Reason.CLOSED_BY_SERVER
        sent = self.protocol.close_sent
        return _OWN_CODES.get(sent.code, Reason.CONNECTION_LOST) if sent else Reason.CONNECTION_LOST


async def dial(url: SecretStr, *, largest: int, patience: float) -> Wire:
    """Open a websocket; messages of more than `largest` bytes (at least 64 KiB) end it.

    Raises Undialled for everything that may pass, Problem for an address that is none.
    """
    try:
        wire = await connect(
            url.get_secret_value(),
            create_connection=Wire,
            compression=None,
            ping_interval=None,
            open_timeout=patience,
            close_timeout=1.0,
            max_size=largest,
            logger=_silent,
        )
    except InvalidURI:
        raise Problem("TIDEMARK_STREAM_URL is no websocket address", "write it as wss://HOST/PATH") from None
    except InvalidStatus as error:
        raise _refusal(error) from None
    except (InvalidHandshake, EOFError):
        raise Undialled(Reason.HANDSHAKE_FAILED) from None
    except ssl.SSLError:
        raise Undialled(Reason.TLS_FAILED) from None
    except OSError:  # TimeoutError, too
        raise Undialled(Reason.UNREACHABLE) from None
    assert isinstance(wire, Wire)  # noqa: S101 - create_connection makes it so
    return wire


def _refusal(error: InvalidStatus) -> Undialled:
    status = error.response.status_code
    retry_after = 0.0
    with suppress(ValueError):
        retry_after = float(error.response.headers.get("Retry-After", "0"))
    if status in _KEY_REFUSED:
        return Undialled(Reason.KEY_REFUSED, status)
    if status == _TOO_MANY:
        return Undialled(Reason.RATE_LIMITED, status, retry_after)
    return Undialled(Reason.SERVER_ERROR if status >= _SERVER_ERROR else Reason.HANDSHAKE_FAILED, status, retry_after)


async def hang_up(wire: Wire) -> None:
    """Close in good order; a server that does not answer is cut after a second."""
    with suppress(OSError):
        await wire.close()
