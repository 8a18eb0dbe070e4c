"""The server of the benchmarks that load: fsync, and huge pages as on an RDS class `large`. No benchmark by itself."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import text

from loader.warehouse.migrate import migrate
from loader.warehouse.postgres import connected
from local.postgres import Postgres

SETTINGS = {"shared_buffers": "2GB", "max_wal_size": "16GB"}
RESERVED = Path("/proc/sys/vm/nr_hugepages")
ENOUGH = 1_200  # of 2 MiB each: the shared buffers and what else the server shares


@contextmanager
def warehouse() -> Iterator[Postgres]:
    """Run an empty warehouse; without root or the memory for them there are no huge pages, which is printed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _huge_pages(),
        Postgres(Path(folder) / "postgres", settings=SETTINGS) as server,
    ):
        url = SecretStr(server.url())
        migrate(url, say=lambda _: None)
        with connected(url) as connection:
            print(f"huge pages are {connection.scalar(text('SHOW huge_pages_status'))}", flush=True)
        yield server


@contextmanager
def _huge_pages() -> Iterator[None]:
    try:
        before = RESERVED.read_text()
        RESERVED.write_text(str(ENOUGH))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        RESERVED.write_text(before)
