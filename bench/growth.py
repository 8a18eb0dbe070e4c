"""Whether an hour costs the same in a full warehouse as in an empty one.

Hours of 50,000 sales are loaded one after the other, five million sales in the end: each from staging to the commit,
with sightings, books and marts. Between the last ten, the first ten of another database are loaded on the same server,
so that whatever else the machine does slows both. The same server and settings as in `bench.load`.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from statistics import median

from pydantic import SecretStr
from sqlalchemy import text

from archive.hour import Hour, hours
from bench import results
from bench.load import stage
from bench.sales import sales
from bench.server import warehouse
from loader.warehouse.copy_csv import sight_row
from loader.warehouse.load import merge_steps
from loader.warehouse.migrate import migrate
from loader.warehouse.postgres import connected
from local.postgres import Postgres

HOURS, PER_HOUR, TEN = 100, 50_000, 10
FIRST, LAST = Hour.parse("2026-11-01T00"), Hour.parse("2026-11-05T03")


def main() -> None:
    with warehouse() as server:
        full, empty = server.url(), _another(server)
        seconds: dict[str, list[dict[str, float]]] = {full: [], empty: []}
        for number, (hour, rows) in enumerate(made(), 1):
            for url in (full, empty) if number > HOURS - TEN else (full,):
                seconds[url].append(loaded(url, hour, rows))
            if number % TEN == 0:
                print(f"hours {number - TEN + 1} to {number}: {told(seconds[full][-TEN:])}", flush=True)
    print(f"an empty warehouse's first {TEN} beside the last: {told(seconds[empty])}")
    results.record(cost_per_hour_growth=_sum(seconds[full][-TEN:]) / _sum(seconds[empty]))


def _another(server: Postgres) -> str:
    with connected(SecretStr(server.url())) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("CREATE DATABASE empty"))
    migrate(SecretStr(server.url("empty")), say=lambda _: None)
    return server.url("empty")


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


def told(seconds: list[dict[str, float]]) -> str:
    """Print what a usual hour of these takes, step by step."""
    usual = typical(seconds)
    slow = ", ".join(f"{step} {took:.2f}" for step, took in usual.items() if took > 0.05)
    return f"{sum(usual.values()):.2f} s each ({slow})"


def typical(seconds: list[dict[str, float]]) -> dict[str, float]:
    """Return the median seconds of each step."""
    return {step: median(hour[step] for hour in seconds) for step in seconds[0]}


def _sum(seconds: list[dict[str, float]]) -> float:
    return sum(typical(seconds).values())


def loaded(url: str, hour: Hour, rows: list[bytes]) -> dict[str, float]:
    """Load an hour of new sales; return the seconds of each step."""
    seconds = {}
    with connected(SecretStr(url)) as connection:
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
