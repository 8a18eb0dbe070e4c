"""Whether an hour costs the same in a full warehouse as in an empty one.

A hundred hours of 50,000 sales are loaded one after the other, five million sales in the end: each from staging to the
commit, with sightings, books and marts. The same server and settings as in `bench.load`.
"""

import tempfile
import time
from itertools import islice
from pathlib import Path
from statistics import median

from pydantic import SecretStr

from archive.hour import Hour, hours
from bench import results
from bench.load import SERVER, stage
from bench.sales import sales
from loader.warehouse.copy_text import sight_row
from loader.warehouse.load import merge
from loader.warehouse.migrate import migrate
from loader.warehouse.postgres import connected
from local.postgres import Postgres

HOURS, PER_HOUR = 100, 50_000
FIRST, LAST = Hour.parse("2026-11-01T00"), Hour.parse("2026-11-05T03")


def main() -> None:
    with tempfile.TemporaryDirectory() as name, Postgres(Path(name) / "postgres", settings=SERVER) as server:
        migrate(SecretStr(server.url()), say=lambda _: None)
        seconds = []
        for number, hour in enumerate(islice(hours(FIRST, LAST), HOURS), 1):
            seconds.append(loaded(server, hour, number))
            if number % 10 == 0:
                print(f"hours {number - 9} to {number}: {median(seconds[-10:]):.2f} s each", flush=True)
    results.record(cost_per_hour_growth=median(seconds[-10:]) / median(seconds[:10]))


def loaded(server: Postgres, hour: Hour, seed: int) -> float:
    """Load an hour of new sales; return its seconds."""
    rows = [sight_row(place, 1, "collector-a", sale) for place, sale in enumerate(sales(hour, PER_HOUR, seed), 1)]
    with connected(SecretStr(server.url())) as connection:
        began = time.perf_counter()
        merge(connection, stage(connection, hour, rows))
        connection.commit()
        return time.perf_counter() - began
