"""What a second worker brings, and how soon after a manifest's arrival its hour can be queried.

Both on a real Airflow. For the workers: the same 48 hours, loaded into an empty warehouse by CeleryExecutor with one
worker and with two, each running one task at a time. For the arrival: a run waits, deferred, for an hour whose manifest
is then put into the archive, at moments spread over the time between two looks of the waiting; the clock runs until the
warehouse shows the hour's rows.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import results
from tests.dags.archived import archive_hour
from tests.faults.airflow import DAG, System, system
from tidemark.airflow.load_hours import POLL_SECONDS
from tidemark.core.hour import Hour

FIRST, LAST = Hour.parse("2026-09-01T00"), Hour.parse("2026-09-02T23")
SALES = results.scaled(3_000)
ROUNDS = 3


def main() -> None:
    compare_workers()
    time_arrivals()


def compare_workers() -> None:
    """Load the same hours with one worker and with two."""
    seconds = {}
    for workers in (1, 2):
        with TemporaryDirectory() as folder, system(Path(folder), workers, slots=1) as at:
            seconds[workers] = backfilled(at)
        print(f"{workers} workers: 48 hours of {SALES:,} sales in {seconds[workers]:.0f} s", flush=True)
    results.record(workers_2_vs_1=seconds[1] / seconds[2])


def time_arrivals() -> None:
    """Let hours arrive for which a run waits already."""
    with TemporaryDirectory() as folder, system(Path(folder), grace_period=7 * 86_400) as at:
        arrivals = [arrived(at, back) for back in range(1, ROUNDS + 1)]
    print(f"from the manifest to the rows: {', '.join(f'{took:.1f}' for took in arrivals)} s", flush=True)
    results.record(manifest_to_queryable_s=median(arrivals))


def backfilled(at: System) -> float:
    """Return the seconds that a backfill of all hours takes, from its creation to its last hour's end."""
    keys = at.archive(FIRST.key, LAST.key, SALES)
    began = time.perf_counter()
    states = at.airflow.rest.backfill(DAG, FIRST, LAST, lambda _: None, timeout=3600)
    took = time.perf_counter() - began
    if set(states.values()) != {"success"} or at.loaded(keys) != dict.fromkeys(keys, SALES):
        raise SystemExit(f"not every hour was loaded: {states}")
    return took


def arrived(at: System, back: int) -> float:
    """Return the seconds from the last manifest of a recent hour to its rows in the warehouse."""
    hour = Hour.of(datetime.now(UTC) - timedelta(hours=back))
    run = at.airflow.rest.trigger(DAG, partition_key=hour.key)
    at.airflow.rest.await_task(DAG, run, "load", "deferred")
    time.sleep(POLL_SECONDS * (1 + back / ROUNDS))
    for collector in ("collector-a", "collector-b"):
        archive_hour(at.s3, at.bucket, hour, collector, SALES)
    began = time.perf_counter()
    while at.loaded([hour.key]) != {hour.key: SALES}:
        time.sleep(0.1)
    return time.perf_counter() - began
