"""What four workers bring on hours of different days, and which part of a load takes turns with other loads.

Two cores cannot show four workers at work, so the waiting is simulated: after each step a worker sleeps for `WAITS`
times as long as the step took in a load by itself, holding what it has locked, as it would wait for a larger server or
a slower disk. What one worker's waiting would hold up in another's load is real. The part that takes turns is measured
without simulated waiting, on a large hour: from the end of its last step to the end of its commit. Without it, too, two
loaders bring a large hour each, which is what two cores can do.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import Connection, text

from bench import results
from bench.growth import rows_of
from bench.load import Printed, codes_in, kept, printed, stage
from bench.sales import sales
from bench.server import warehouse
from tidemark.core.hour import Hour
from tidemark.loader.warehouse.load import execute, merge
from tidemark.loader.warehouse.migrate import migrate
from tidemark.loader.warehouse.packing import Codes
from tidemark.local.services.postgres import Postgres
from tidemark.storage.postgres import connected

WORKERS, WAITS, ROUNDS = 4, 8.0, 3
FIRST = Hour.parse("2026-09-01T10")
SOME = [Hour(FIRST.start + timedelta(days=day)) for day in range(2 * WORKERS)]
FEW, MANY = results.scaled(2_000), results.scaled(250_000)


def main() -> None:
    with warehouse() as server:
        codes = codes_in(server.url())
        with another(server) as url:
            turns = [part_in_turns(url, Hour(FIRST.start + timedelta(days=day)), codes) for day in range(ROUNDS)]
        print(f"a load takes turns for {', '.join(f'{100 * one:.1f} %' for one in turns)} of its time", flush=True)
        few = [kept(printed(sales(hour, FEW, seed=hour.start.day), codes)) for hour in SOME]
        ratios = [compared(server, few) for _ in range(ROUNDS)]
        many = [kept(printed(sales(hour, MANY, seed=hour.start.day), codes)) for hour in SOME[:2]]
        seconds = [side_by_side(server, many) for _ in range(ROUNDS)]
    results.record(
        load_part_in_turns=median(turns),
        workers_4_vs_1_waiting=median(ratios),
        load_rows_s_two_loaders=2 * MANY / median(both for _, both in seconds),
        loaders_2_vs_1=median(one / both for one, both in seconds),
    )


def first_of(made: list[Printed]) -> Printed:
    """Return one row, and the kinds of all."""
    return Printed(islice(made[0].rows, 1), made[0].kinds)


@contextmanager
def another(server: Postgres) -> Iterator[str]:
    """Make an empty warehouse on the server, for a while."""
    name = f"workers_{uuid4().hex}"
    with connected(SecretStr(server.url())) as connection:
        administer = connection.execution_options(isolation_level="AUTOCOMMIT")
        administer.execute(text(f"CREATE DATABASE {name}"))
        migrate(SecretStr(server.url(name)), log=lambda _: None)
        yield server.url(name)
        administer.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def loaded(url: str, hour: Hour, made: Printed, waits: dict[str, float]) -> dict[str, float]:
    """Load an hour from staging to the commit; return the seconds of each step, of the end and of everything."""
    seconds: dict[str, float] = {}
    with connected(SecretStr(url)) as connection:
        began = time.perf_counter()
        values = stage(connection, hour, made)
        ended = time.perf_counter()

        def timed(connection: Connection, step: Path, values: dict[str, Any]) -> None:
            nonlocal ended
            begins = time.perf_counter()
            execute(connection, step, values)
            time.sleep(waits.get(step.name, 0))
            ended = time.perf_counter()
            seconds[step.name] = ended - begins

        merge(connection, values, timed)
        connection.commit()
    done = time.perf_counter()
    return {**seconds, "end": done - ended, "all": done - began}


def part_in_turns(url: str, hour: Hour, codes: Codes) -> float:
    """Return the share of a large hour's load that takes turns with other loads."""
    took = loaded(url, hour, rows_of(hour, hour.start.day, codes), {})
    return took["end"] / took["all"]


def side_by_side(server: Postgres, made: list[Printed]) -> tuple[float, float]:
    """Load two large hours one after the other, and at once; return the seconds of both."""
    seconds = []
    for loaders in (1, 2):
        with another(server) as url, ThreadPoolExecutor(loaders) as threads:
            loaded(url, SOME[0].previous(), first_of(made), {})  # the first load of a database is slow: not counted
            began = time.perf_counter()
            for _ in threads.map(loaded, [url] * 2, SOME, made, [{}] * 2):
                pass
            seconds.append(time.perf_counter() - began)
    print(f"two hours of {MANY:,} sales: one loader {seconds[0]:.1f} s, two {seconds[1]:.1f} s", flush=True)
    return seconds[0], seconds[1]


def compared(server: Postgres, made: list[Printed]) -> float:
    """Load the same hours by one worker and by four; return the ratio of their seconds."""
    with another(server) as url:
        alone = loaded(url, SOME[0].previous(), first_of(made), {})  # the first load of a database is slow: not counted
        alone = loaded(url, SOME[0], made[0], {})
    waits = {step: WAITS * took for step, took in alone.items() if step.endswith(".sql")}
    seconds = {}
    for workers in (1, WORKERS):
        with another(server) as url, ThreadPoolExecutor(workers) as threads:
            began = time.perf_counter()
            for _ in threads.map(loaded, [url] * len(SOME), SOME, made, [waits] * len(SOME)):
                pass
            seconds[workers] = time.perf_counter() - began
    print(f"{len(SOME)} hours: one worker {seconds[1]:.1f} s, four {seconds[WORKERS]:.1f} s", flush=True)
    return seconds[1] / seconds[WORKERS]
