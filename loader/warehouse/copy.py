"""Rows on their way into a table by COPY."""

import io

from sqlalchemy import Connection

PORTION = 4 << 20


class Copy:
    """Collects rows of COPY text and sends them in portions of a few megabytes. `rows` counts what the server took."""

    def __init__(self, connection: Connection, table: str, columns: tuple[str, ...]) -> None:
        self._connection = connection
        self._statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        self._waiting: list[str] = []
        self._size = 0
        self.rows = 0

    def add(self, row: str) -> None:
        """Take a row, its newline included."""
        self._waiting.append(row)
        self._size += len(row)
        if self._size >= PORTION:
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            text = io.BytesIO("".join(self._waiting).encode(errors="replace"))
            cursor = self._connection.connection.cursor()
            cursor.copy_expert(self._statement, text)
            self.rows += cursor.rowcount
            cursor.close()
        self._waiting, self._size = [], 0
