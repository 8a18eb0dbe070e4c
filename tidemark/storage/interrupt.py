"""Ctrl-C while PostgreSQL works: it cancels the statement, and the command ends with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from select import select

from psycopg2.extensions import POLL_OK, POLL_READ, connection, set_wait_callback
from sqlalchemy.exc import DBAPIError

CANCELLED = "57014"
_LOOK_EVERY = 0.5  # seconds


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C cancel what the server does; libpq, which waits otherwise, hears nothing before its answer."""
    set_wait_callback(_wait)
    try:
        yield
    finally:
        set_wait_callback(None)


def is_interrupted(error: DBAPIError) -> bool:
    """Say whether a person had a statement cancelled, and no limit of time."""
    return getattr(error.orig, "pgcode", None) == CANCELLED and "user request" in str(error.orig)


def _wait(waiting: connection) -> None:
    """Wait as psycopg2's own wait_select does, but not for ever: a Ctrl-C that comes just before would not end it."""
    while True:
        try:
            state = waiting.poll()
            if state == POLL_OK:
                return
            awaited = [waiting.fileno()]
            select(awaited, [], [], _LOOK_EVERY) if state == POLL_READ else select([], awaited, [], _LOOK_EVERY)
        except KeyboardInterrupt:
            waiting.cancel()
