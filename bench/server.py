"""The server of the benchmarks of the warehouse, with huge pages as on an RDS class `large`. No benchmark by itself."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import text

from tidemark.loader.warehouse.migrate import migrate
from tidemark.local.services.postgres import Postgres
from tidemark.storage.postgres import connected

SETTINGS = {"max_wal_size": "16GB"}
RESERVED = Path("/proc/sys/vm/nr_hugepages")
PER_GB = 550  # huge pages of 2 MiB for each GB of shared buffers and what else the server shares


@contextmanager
def warehouse(shared_gb: int = 2, settings: Mapping[str, str] = SETTINGS) -> Iterator[Postgres]:
    """Run an empty warehouse; without root or the memory for them there are no huge pages, which is printed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _huge_pages(PER_GB * shared_gb),
        Postgres(Path(folder) / "postgres", settings={**settings, "shared_buffers": f"{shared_gb}GB"}) as server,
    ):
        url = SecretStr(server.url())
        migrate(url, log=lambda _: None)
        with connected(url) as connection:
            print(f"huge pages are {connection.scalar(text('SHOW huge_pages_status'))}", flush=True)
        yield server


@contextmanager
def _huge_pages(count: int) -> Iterator[None]:
    try:
        before = RESERVED.read_text()
        RESERVED.write_text(str(count))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        RESERVED.write_text(before)
