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

from tidemark.check.machine import compare_clocks
from tidemark.check.report import Warned
from tidemark.core.errors import Problem
from tidemark.storage.failures import problem_of

_silent = logging.getLogger("tidemark.check.websockets")  # the library's own log would show the address with the key
_silent.disabled = True
_KEY_REFUSED = (401, 403)
_JOIN_REF = "1"


def check_stream(url: SecretStr, topic: str, timeout: float, now: Callable[[], float]) -> str | Warned:
    """Join a topic and leave it; return how the server answered. Raises Problem where it is out of reach or refuses."""
    place = f"the Stream API at {urlsplit(url.get_secret_value()).hostname}"
    try:
        with connect(url.get_secret_value(), open_timeout=timeout, close_timeout=1, logger=_silent) as socket:
            for ref, event in enumerate(("phx_join", "phx_leave"), 1):
                status = _reply(socket, [_JOIN_REF, str(ref), topic, event], timeout)
                if status != "ok":
                    break
            date = socket.response.headers.get("Date") if socket.response else None
    except InvalidStatus as error:
        raise _refused(place, error.response.status_code) from None
    except ConnectionClosed:
        raise Problem(f"{place} closed the connection", "Run it again; if it stays so, check the key") from None
    except Exception as error:
        problem = problem_of(place, error)
        if problem is None:
            raise
        raise problem from None
    if status != "ok":
        raise Problem(f"{place} refused to join {topic}", "Check TIDEMARK_COLLECTIONS and the key")
    answered = f"{topic} was joined and left"
    return compare_clocks(parsedate_to_datetime(date), now(), answered) if date else answered


def _reply(socket: ClientConnection, event: list[str], timeout: float) -> object:
    """Send an event of the Phoenix protocol and return the status of its reply; other messages may come before it."""
    socket.send(json.dumps([*event, {}]))
    deadline = time.monotonic() + timeout
    while True:
        frame = json.loads(socket.recv(deadline - time.monotonic()))
        if isinstance(frame, list) and frame[1:4] == [event[1], event[2], "phx_reply"]:
            return frame[4].get("status")


def _refused(place: str, status: int) -> Problem:
    if status in _KEY_REFUSED:
        return Problem(f"{place} refused the key (HTTP {status})", "Put a valid key into OPENSEA_API_KEY")
    return Problem(f"{place} answered HTTP {status}", "Check TIDEMARK_STREAM_URL; run it again later")
