"""Rows on their way into a table by COPY."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from queue import Empty, Queue
from typing import Protocol, Self

from sqlalchemy import Connection

from tidemark.loader.warehouse.rows import FORMAT

PORTION = 1 << 20
_AHEAD = 2  # portions that wait while the server takes one and the next is collected


class Readable(Protocol):
    """What COPY reads from, up to the first empty answer."""

    def read(self, size: int, /) -> bytes:
        """Return some of what is left."""


def copied(connection: Connection, table: str, columns: tuple[str, ...], rows: Readable) -> int:
    """Copy CSV rows (`rows`) into a table; return how many the server took."""
    with closing(connection.connection.cursor()) as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN ({FORMAT})", rows, PORTION)
        return int(cursor.rowcount)


class Copy:
    """A COPY that goes on, in a thread of its own, while its rows are collected; the connection is not free before.

    Leaving the context waits until the server has taken everything, and `rows` says how many that were; a context
    left by an error takes nothing. What the server refuses is raised on leaving; a lost connection perhaps before.
    """

    def __init__(self, connection: Connection, table: str, columns: tuple[str, ...]) -> None:
        self._destination = connection, table, columns
        self._portions: Queue[bytes | None] = Queue(_AHEAD)
        self._collected: list[bytes] = []
        self._size = 0
        self.rows = 0

    def __enter__(self) -> Self:
        self._sender = ThreadPoolExecutor(1)
        self._outcome: Future[int] = self._sender.submit(copied, *self._destination, self)
        self._outcome.add_done_callback(self._take_no_more)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._sender:
            if kind:
                self._portions.put(None)
            else:
                self._send()
                self._portions.put(b"")
                self.rows = self._outcome.result()

    def add(self, rows: bytes) -> None:
        """Take whole rows, their newlines included; wait where the server is behind."""
        self._collected.append(rows)
        self._size += len(rows)
        if self._size >= PORTION:
            self._send()

    def read(self, _size: int, /) -> bytes:
        """Give COPY the next portion, whatever its size."""
        portion = self._portions.get()
        if portion is None:
            raise EOFError("the rows end early")
        return portion

    def _send(self) -> None:
        if self._outcome.done():
            self._outcome.result()
        if self._collected:
            self._portions.put(b"".join(self._collected))
        self._collected, self._size = [], 0

    def _take_no_more(self, _: Future[int]) -> None:
        with suppress(Empty):  # so that `put` does not wait for room
            while True:
                self._portions.get_nowait()
