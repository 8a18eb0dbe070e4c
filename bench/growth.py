"""Whether an hour costs the same in a full warehouse as in an empty one.

A hundred hours of 50,000 sales are loaded one after the other, five million sales in the end: each from staging to the
commit, with sightings, books and marts. The same server and settings as in `bench.load`.
"""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from statistics import median

from pydantic import SecretStr
from sqlalchemy import text

from archive.hour import Hour, hours
from bench import results
from bench.load import SERVER, stage
from bench.sales import sales
from loader.warehouse.copy_csv import sight_row
from loader.warehouse.load import merge_steps
from loader.warehouse.migrate import migrate
from loader.warehouse.postgres import connected
from local.postgres import Postgres

HOURS, PER_HOUR = 100, 50_000
FIRST, LAST = Hour.parse("2026-11-01T00"), Hour.parse("2026-11-05T03")


def main() -> None:
    with tempfile.TemporaryDirectory() as name, Postgres(Path(name) / "postgres", settings=SERVER) as server:
        migrate(SecretStr(server.url()), say=lambda _: None)
        seconds: list[dict[str, float]] = []
        for number, (hour, rows) in enumerate(made(), 1):
            seconds.append(loaded(server, hour, rows))
            if number % 10 == 0:
                usual = typical(seconds[-10:])
                slow = ", ".join(f"{step} {usual[step]:.2f}" for step in usual if usual[step] > 0.05)
                print(f"hours {number - 9} to {number}: {sum(usual.values()):.2f} s each ({slow})", flush=True)
    first, last = typical(seconds[:10]), typical(seconds[-10:])
    results.record(cost_per_hour_growth=sum(last.values()) / sum(first.values()))


def made() -> Iterator[tuple[Hour, list[bytes]]]:
    """Yield the hours with the rows of their sales, which are made while the server has the hour before."""
    with ProcessPoolExecutor(1) as maker:
        coming = None
        for number, hour in enumerate(islice(hours(FIRST, LAST), HOURS)):
            made, coming = coming, (hour, maker.submit(rows_of, hour, number))
            if made:
                yield made[0], made[1].result()
        if coming:
            yield coming[0], coming[1].result()


def rows_of(hour: Hour, seed: int) -> list[bytes]:
    """Make new sales of an hour, as staging sends them."""
    return [sight_row(place, 1, "collector-a", sale) for place, sale in enumerate(sales(hour, PER_HOUR, seed), 1)]


def typical(seconds: list[dict[str, float]]) -> dict[str, float]:
    """Return the median seconds of each step."""
    return {step: median(hour[step] for hour in seconds) for step in seconds[0]}


def loaded(server: Postgres, hour: Hour, rows: list[bytes]) -> dict[str, float]:
    """Load an hour of new sales; return the seconds of each step."""
    seconds = {}
    with connected(SecretStr(server.url())) as connection:
        began = time.perf_counter()
        values = stage(connection, hour, rows)
        seconds["stage"] = time.perf_counter() - began
        for step in merge_steps():
            began = time.perf_counter()
            connection.execute(text(step.read_text()), values)
            seconds[step.stem] = time.perf_counter() - began
        began = time.perf_counter()
        connection.commit()
        seconds["commit"] = time.perf_counter() - began
    return seconds
