"""Rows on their way into a table by COPY."""

import io
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import Connection

from loader.warehouse.copy_csv import FORMAT

PORTION = 4 << 20


class Copy:
    """Collects CSV rows (`copy_csv`) and sends them in portions of a few megabytes, each while the next is collected.

    `sender` is the one thread that speaks to the server meanwhile; whoever shares the connection shares it too, and
    ends it before leaving the connection. `rows` counts what the server took. An error of the server is raised by a
    later `add` or by `flush`.
    """

    def __init__(
        self, connection: Connection, table: str, columns: tuple[str, ...], sender: ThreadPoolExecutor
    ) -> None:
        self._connection = connection
        self._statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN ({FORMAT})"
        self._sender = sender
        self._under_way: Future[int] | None = None
        self._waiting: list[bytes] = []
        self._size = 0
        self.rows = 0

    def add(self, row: bytes) -> None:
        """Take a row, its newline included."""
        self._waiting.append(row)
        self._size += len(row)
        if self._size >= PORTION:
            self._send()

    def flush(self) -> None:
        """Send what waits, and wait until the server has taken everything."""
        self._send()
        self._take()

    def _send(self) -> None:
        self._take()
        if self._waiting:
            self._under_way = self._sender.submit(self._copied, b"".join(self._waiting))
        self._waiting, self._size = [], 0

    def _take(self) -> None:
        if self._under_way:
            self.rows += self._under_way.result()
        self._under_way = None

    def _copied(self, rows: bytes) -> int:
        cursor = self._connection.connection.cursor()
        cursor.copy_expert(self._statement, io.BytesIO(rows), PORTION)
        cursor.close()
        return int(cursor.rowcount)
