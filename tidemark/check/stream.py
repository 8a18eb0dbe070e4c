"""Whether the Stream API can be reached and takes the key: one topic is joined and left again."""

import json
import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.uri import parse_uri

from collector.stream.websocket import ConnectError, failure_to_connect, redirected
from tidemark.check.machine import compare_clocks
from tidemark.check.report import Warned
from tidemark.core.errors import Problem
from tidemark.core.timestamps import parse_http_date

_silent = logging.getLogger("tidemark.check.websockets")  # the library's own log would show the address with the key
_silent.disabled = True
_JOIN_REF = "1"


def check_stream(url: SecretStr, topic: str, timeout: float, now: Callable[[], float]) -> str | Warned:
    """Join a topic and leave it; return how the server answered. Raises Problem where it is out of reach or refuses."""
    place = f"the Stream API at {urlsplit(url.get_secret_value()).hostname}"
    try:
        status, date = _ask(url.get_secret_value(), topic, timeout)
    except Exception as error:
        problem = stream_problem(url.get_secret_value(), error)
        if problem is None:
            raise
        raise problem from None
    if status is None:
        raise redirected(place)
    if status != "ok":
        raise Problem(f"{place} refused to join {topic}", "Check TIDEMARK_COLLECTIONS and the key")
    answered = f"{topic} was joined and left"
    theirs = parse_http_date(date)
    return compare_clocks(theirs, now(), answered) if theirs else answered


def stream_problem(address: str, error: Exception) -> Problem | None:
    """Return what an error of the library means; None where it is not known."""
    if isinstance(error, ConnectionClosed):
        place = f"the Stream API at {urlsplit(address).hostname}"
        return Problem(f"{place} closed the connection", "Run it again; if it stays so, check the key")
    found = failure_to_connect(address, error)
    return found.problem if isinstance(found, ConnectError) else found


def _ask(url: str, topic: str, timeout: float) -> tuple[str | None, str]:
    """Join a topic and leave it; return the status of the last reply and the server's date.

    The status is None where the server redirected to another address, which the collector does not follow.
    """
    with connect(url, open_timeout=timeout, close_timeout=1, logger=_silent) as socket:
        date = next(iter(socket.response.headers.get_all("Date")), "") if socket.response else ""
        if socket.protocol.uri != parse_uri(url):
            return None, date
        status = _reply(socket, [_JOIN_REF, "1", topic, "phx_join"], timeout)
        if status == "ok":
            status = _reply(socket, [_JOIN_REF, "2", topic, "phx_leave"], timeout)
        return status, date


def _reply(socket: ClientConnection, event: list[str], timeout: float) -> str:
    """Send an event of the Phoenix protocol and return the status of its reply; other messages may come before it."""
    socket.send(json.dumps([*event, {}]))
    deadline = time.monotonic() + timeout
    while True:
        match _parsed(socket.recv(deadline - time.monotonic())):
            case [_, ref, topic, "phx_reply", {"status": status}] if [ref, topic] == event[1:3]:
                return str(status)


def _parsed(frame: str | bytes) -> object:
    """Return what a frame holds, None where it is no JSON."""
    try:
        return json.loads(frame)
    except (ValueError, RecursionError):
        return None
