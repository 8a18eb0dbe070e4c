"""Whether an hour costs the same in a full warehouse as in an empty one.

Hours of about 50,000 sales, five million in the end. Ninety are filled in from staging on. The last ten are loaded
whole, as a user loads them, from the archive to the commit; between them the same ten go into an empty database on the
same server, so that whatever else the machine does slows both. An hour has nothing but sales and their transfers: all
else that collectors record would cost the same in both. Of the whole, what follows the reading is measured by itself.
"""

import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import timedelta
from statistics import median

from pydantic import SecretStr
from sqlalchemy import text

from bench import results
from bench.load import Printed, codes_in, kept, printed, stage
from bench.sales import record_lines, sales
from bench.server import warehouse
from tests.loader.recording import Recording
from tidemark.core.hour import Hour, hours
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.load import merge
from tidemark.loader.warehouse.migrate import migrate
from tidemark.loader.warehouse.packing import Codes
from tidemark.local.services.postgres import Postgres
from tidemark.local.services.s3 import S3Server
from tidemark.simulator.market.market import Market
from tidemark.storage.postgres import connected

PER_HOUR, TEN = results.scaled(50_000), 10
FIRST, LAST = Hour.parse("2026-11-01T00"), Hour.parse("2026-11-05T03")


def main() -> None:
    every = list(hours(FIRST, LAST))
    with warehouse() as server, S3Server() as s3:
        os.environ.update(s3.environment)
        s3.create_bucket("archive")
        full, empty = server.url(), _another(server)
        fill(full, every[:-TEN])
        whole: dict[str, list[float]] = {full: [], empty: []}
        merging: dict[str, list[float]] = {full: [], empty: []}
        for number, hour in enumerate(every[-TEN:]):
            recorded(hour, number).put(s3.client(), "archive")
            for url in (full, empty):
                took, merged = loaded(url, hour)
                whole[url].append(took)
                merging[url].append(merged)
    results.record(cost_per_hour_growth=growth(whole, full, empty), merge_growth=growth(merging, full, empty))


def growth(seconds: dict[str, list[float]], full: str, empty: str) -> float:
    """Print a usual hour's seconds in both warehouses, and return their ratio."""
    most, least = median(seconds[full]), median(seconds[empty])
    print(f"{most:.2f} s each in the full warehouse, {least:.2f} s in the empty one", flush=True)
    return most / least


def _another(server: Postgres) -> str:
    with connected(SecretStr(server.url())) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("CREATE DATABASE empty"))
    migrate(SecretStr(server.url("empty")), log=lambda _: None)
    return server.url("empty")


def fill(url: str, some: list[Hour]) -> None:
    """Load hours of other sales from staging on, which is what fills a warehouse."""
    for number, (hour, rows) in enumerate(made(some, codes_in(url)), 1):
        began = time.perf_counter()
        with connected(SecretStr(url)) as connection:
            values = stage(connection, hour, rows)
            merge(connection, values)
            connection.commit()
        if number % TEN == 0:
            print(f"{number} hours; the last took {time.perf_counter() - began:.2f} s from staging on", flush=True)


def made(some: list[Hour], codes: Codes) -> Iterator[tuple[Hour, Printed]]:
    """Yield the hours with the rows of their sales, which are made while the server has the hour before."""
    with ProcessPoolExecutor(1) as maker:
        ahead: deque[tuple[Hour, Future[Printed]]] = deque()
        for number, hour in enumerate(some):
            ahead.append((hour, maker.submit(rows_of, hour, number, codes)))
            if len(ahead) > 1:
                before, rows = ahead.popleft()
                yield before, rows.result()
        for last, rows in ahead:
            yield last, rows.result()


def rows_of(hour: Hour, seed: int, codes: Codes) -> Printed:
    """Make new sales of an hour, as staging sends them."""
    return kept(printed(sales(hour, PER_HOUR, seed), codes))


def recorded(hour: Hour, seed: int) -> Recording:
    """Make new sales of an hour, each followed by its transfer, as a collector records them."""
    market, messages = Market(seed, sales_share=1.0, again_share=0.0), 2 * PER_HOUR
    return Recording(hour=hour, segments=[list(record_lines(market, hour, messages, timedelta(hours=1) / messages))])


def loaded(url: str, hour: Hour) -> tuple[float, float]:
    """Load an hour of the archive; return its seconds, and those after the last sale was read."""
    said: list[float] = []  # when the beginning and the end of merging are said
    settings = LoaderSettings(warehouse_url=SecretStr(url), bucket="archive")
    began = time.perf_counter()
    report = load_hour(hour, settings, log=lambda _: said.append(time.perf_counter()))
    if report.replaced or report.duplicates or report.quarantined:
        raise SystemExit(f"not every sale of {hour.key} was new: {report}")
    return said[-1] - began, said[-1] - said[-2]
