"""Whether the Stream API can be reached and takes the key: one topic is joined and left again."""

import json
import logging
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.uri import parse_uri

from collector.stream.websocket import failure_to_connect
from tidemark.check.machine import compare_clocks
from tidemark.check.report import Warned
from tidemark.core.errors import Problem
from tidemark.storage.failures import problem_of

_silent = logging.getLogger("tidemark.check.websockets")  # the library's own log would show the address with the key
_silent.disabled = True
_KEY_REFUSED = (401, 403)
_REDIRECTED = 302
_JOIN_REF = "1"


def check_stream(url: SecretStr, topic: str, timeout: float, now: Callable[[], float]) -> str | Warned:
    """Join a topic and leave it; return how the server answered. Raises Problem where it is out of reach or refuses."""
    place = f"the Stream API at {urlsplit(url.get_secret_value()).hostname}"
    try:
        status, date = _ask(url.get_secret_value(), topic, timeout)
    except Exception as error:
        problem = stream_problem(place, error)
        if problem is None:
            raise
        raise problem from None
    if status is None:
        raise _refused(place, _REDIRECTED)
    if status != "ok":
        raise Problem(f"{place} refused to join {topic}", "Check TIDEMARK_COLLECTIONS and the key")
    answered = f"{topic} was joined and left"
    try:
        return compare_clocks(parsedate_to_datetime(date), now(), answered)
    except ValueError:  # a server without a date, or with one that is none
        return answered


def stream_problem(place: str, error: Exception) -> Problem | None:
    """Return what an error of the library means; None where it is not known."""
    if isinstance(error, InvalidStatus):
        return _refused(place, error.response.status_code)
    if isinstance(error, ConnectionClosed):
        return Problem(f"{place} closed the connection", "Run it again; if it stays so, check the key")
    unusable = failure_to_connect(error)  # a Problem for an address or a proxy that can never serve
    return unusable if isinstance(unusable, Problem) else problem_of(place, error)


def _ask(url: str, topic: str, timeout: float) -> tuple[str | None, str]:
    """Join a topic and leave it; return the status of the last reply and the server's date.

    The status is None where the server redirected to another address, which the collector does not follow.
    """
    with connect(url, open_timeout=timeout, close_timeout=1, logger=_silent) as socket:
        date = socket.response.headers.get("Date", "") if socket.response else ""
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


def _refused(place: str, status: int) -> Problem:
    if status in _KEY_REFUSED:
        return Problem(f"{place} refused the key (HTTP {status})", "Put a valid key into OPENSEA_API_KEY")
    if status // 100 == _REDIRECTED // 100:
        return Problem(f"{place} redirects to another address", "Set TIDEMARK_STREAM_URL to that address itself")
    return Problem(f"{place} answered HTTP {status}", "Check TIDEMARK_STREAM_URL; run it again later")
