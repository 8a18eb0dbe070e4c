"""Faults under a real Airflow: each must end in the right state by itself.

`python -m tests.faults.airflow` runs them all, or those named, prints what fired and what the warehouse holds, and
ends with exit status 1 if anything is wrong. Its seed draws their order and the moments of the crashes. It takes some
minutes; `worker_killed` needs redis-server.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psutil
from pydantic import SecretStr

from tests.dags.archived import archive_hour
from tests.faults.mirror import restore, save
from tests.loading import Loading
from tidemark.core.hour import Hour
from tidemark.loader.warehouse.migrate import migrate
from tidemark.local.services.airflow import Airflow, members
from tidemark.local.services.postgres import UNSAFE_BUT_FAST, Postgres
from tidemark.local.services.redis import Redis
from tidemark.local.services.s3 import S3Server

BUCKET = "faults"
GRACE_PERIOD = 90.0
SALES = 200
SLOTS = 2
DAG = "load_sales"


@dataclass(frozen=True)
class System(Loading):
    """Airflow with its metadata, the warehouse and the archive on servers of their own."""

    warehouse: Postgres
    storage: S3Server
    copy: Path
    pool: ThreadPoolExecutor
    chance: Random

    def backfill(self, keys: list[str]) -> Future[dict[str, str]]:
        """Backfill hours in the background."""
        return self.pool.submit(self.airflow.rest.backfill, DAG, Hour.parse(keys[0]), Hour.parse(keys[-1]), print)

    def succeeds(self, running: Future[dict[str, str]]) -> None:
        """Wait for a backfill's end, and say what the log of each hour that failed says."""
        failed = [key for key, state in running.result().items() if state != "success"]
        for run in self.airflow.rest.runs(DAG) if failed else ():
            if run["partition_key"] in failed:
                attempts = self.airflow.rest.task(DAG, run["dag_run_id"], "load")["try_number"]
                print(self.airflow.rest.log(DAG, run["dag_run_id"], "load", attempts))
        assert not failed, f"these hours failed: {failed}"

    def reconcile(self, hour: Hour) -> None:
        """Let the archive and the warehouse be compared for an hour."""
        self.airflow.rest.unpause("reconcile_archive")
        healing = self.airflow.rest.trigger("reconcile_archive", hour=hour.key)
        assert self.airflow.rest.wait("reconcile_archive", healing) == "success"

    def loads(self, worker: str) -> bool:
        """Tell whether a task on this worker is talking to the warehouse."""
        port = urlsplit(self.warehouse_url).port
        for pid in members(self.airflow.session(worker)):
            with suppress(psutil.NoSuchProcess):
                if any(to.raddr and to.raddr.port == port for to in psutil.Process(pid).net_connections("tcp")):
                    return True
        return False

    def tries(self, keys: list[str]) -> list[int]:
        """Return how often the load of each of these hours was begun."""
        runs = [run for run in self.airflow.rest.runs(DAG) if run["partition_key"] in keys]
        return [self.airflow.rest.task(DAG, run["dag_run_id"], "load")["try_number"] for run in runs]


@contextmanager
def system(
    folder: Path, workers: int = 0, slots: int = SLOTS, grace_period: float = 0.0, seed: int = 0
) -> Iterator[System]:
    """Start everything; with `workers`, tasks run on that many Celery workers of `slots` tasks each.

    Without `grace_period`, in seconds, that for the hour which has just ended lasts until soon after the start. `seed`
    draws when faults fire.
    """
    with ExitStack() as parts:
        warehouse = parts.enter_context(Postgres(folder / "warehouse"))
        metadata = parts.enter_context(Postgres(folder / "metadata", settings=UNSAFE_BUT_FAST))
        storage = parts.enter_context(S3Server())
        storage.create_bucket(BUCKET)
        broker = parts.enter_context(Redis(folder)).url if workers else ""
        migrate(SecretStr(warehouse.url()), log=lambda _: None)
        now = datetime.now(UTC)
        grace_period = grace_period or (now - Hour.of(now).start).total_seconds() + GRACE_PERIOD
        settings = {"WAREHOUSE_URL": warehouse.url(), "BUCKET": BUCKET, "COLLECTORS": "collector-a,collector-b",
                    "GRACE_PERIOD": f"{grace_period:.0f}"}  # fmt: skip
        environment = {f"TIDEMARK_{name}": value for name, value in settings.items()} | storage.environment
        airflow = parts.enter_context(
            Airflow(folder / "airflow", metadata.url(), environment, broker_url=broker, workers=workers, slots=slots)
        )
        airflow.rest.unpause(DAG)
        pool = parts.enter_context(ThreadPoolExecutor())
        copy, chance = folder / "copy", Random(seed)
        yield System(airflow, storage.client(), BUCKET, warehouse.url(), warehouse, storage, copy, pool, chance)


def s3_away(at: System) -> str:
    """S3 does not answer for a while in which hours are to be loaded."""
    keys = at.archive("2026-09-01T00", "2026-09-01T03", SALES)
    save(at.s3, at.bucket, at.copy)
    at.storage.stop()
    run = at.airflow.rest.trigger(DAG, partition_key=keys[0])
    at.airflow.rest.await_task(DAG, run, "load", "up_for_retry")
    at.storage.start()
    at.storage.create_bucket(at.bucket)
    restore(at.s3, at.bucket, at.copy)
    assert at.airflow.rest.wait(DAG, run) == "success"
    at.succeeds(at.backfill(keys))
    assert at.loaded(keys) == dict.fromkeys(keys, SALES)
    return f"the load of {keys[0]} was tried {max(at.tries(keys))} times"


def postgres_restarted(at: System) -> str:
    """The warehouse's server crashes again and again under a backfill."""
    keys = at.archive("2026-09-02T00", "2026-09-02T11", 10 * SALES)
    running, crashes = at.backfill(keys), 0
    while not running.done() and crashes < 4:
        time.sleep(at.chance.uniform(1, 4))
        at.warehouse.restart()
        crashes += 1
    at.succeeds(running)
    assert at.loaded(keys) == dict.fromkeys(keys, 10 * SALES)
    again = sum(tries > 1 for tries in at.tries(keys))
    assert again, "no load was running when the server crashed"
    return f"{crashes} crashes, {again} hours tried again"


def scheduler_killed(at: System) -> str:
    """The scheduler is killed under a backfill, with the tasks it runs, and started again."""
    keys = at.archive("2026-09-03T00", "2026-09-03T11", 10 * SALES)
    running = at.backfill(keys)
    time.sleep(at.chance.uniform(2, 5))
    at.airflow.kill_part("scheduler")
    before = len(at.loaded(keys))
    assert before < len(keys), "the backfill was over before the scheduler was killed"
    at.airflow.start_part("scheduler")
    at.succeeds(running)
    assert at.loaded(keys) == dict.fromkeys(keys, 10 * SALES)
    return f"killed when {before} of {len(keys)} hours were loaded"


def manifest_late(at: System) -> str:
    """A collector's manifest comes long after the grace period, when the hour was loaded without it."""
    hour = Hour.parse("2026-09-04T00")
    archive_hour(at.s3, at.bucket, hour, "collector-a", sales=2)
    first = at.airflow.rest.trigger(DAG, partition_key=hour.key)
    assert at.airflow.rest.wait(DAG, first) == "success"
    assert at.airflow.rest.xcom(DAG, first, "load")[hour.key]["missing"] == ["collector-b"]
    archive_hour(at.s3, at.bucket, hour, "collector-b", sales=5)
    at.reconcile(hour)
    assert at.loaded([hour.key]) == {hour.key: 5}
    return "2 sales without it, 5 once it was there"


def no_manifests(at: System) -> str:
    """No collector reports an hour until long after the grace period: until then it is a gap."""
    hour = Hour.parse("2026-09-04T06")
    archive_hour(at.s3, at.bucket, hour.previous(), "collector-a", sales=1)
    run = at.airflow.rest.trigger(DAG, partition_key=hour.key)
    assert at.airflow.rest.wait(DAG, run) == "success"
    assert at.loaded([hour.key]) == {hour.key: 0}
    gaps = at.airflow.rest.xcom(DAG, run, "load")[hour.key]["gaps"]
    assert [gap.rpartition(" ")[2] for gap in gaps] == ["no_manifest", "no_manifest"]
    archive_hour(at.s3, at.bucket, hour, "collector-a", sales=5)
    at.reconcile(hour)
    assert at.loaded([hour.key]) == {hour.key: 5}
    return "a gap without them, 5 sales once one was there"


def collector_silent(at: System) -> str:
    """A collector never reports: the hour that has just ended waits without a worker, then is loaded without it."""
    hour = Hour.of(datetime.now(UTC)).previous()
    archive_hour(at.s3, at.bucket, hour, "collector-a", sales=2)
    began = time.monotonic()
    run = at.airflow.rest.trigger(DAG, partition_key=hour.key)
    at.airflow.rest.await_task(DAG, run, "load", "deferred")
    assert at.airflow.rest.get("/pools/warehouse")["running_slots"] == 0
    assert at.airflow.rest.wait(DAG, run) == "success"
    assert at.loaded([hour.key]) == {hour.key: 2}
    assert at.airflow.rest.xcom(DAG, run, "load")[hour.key]["missing"] == ["collector-b"]
    return f"waited {time.monotonic() - began:.0f} s, then loaded what was there"


def messages_lost(at: System) -> str:
    """A Celery worker is killed with hours that it has taken from the queue and not begun; another takes its place."""
    keys = at.archive("2026-09-07T00", "2026-09-07T11", SALES)
    while len(pool := set(members(at.airflow.session("worker-1"))) - at.airflow.session("worker-1")) < SLOTS:
        time.sleep(0.5)
    for pid in pool:
        psutil.Process(pid).suspend()
    running = at.backfill(keys)
    while len(at.loaded(keys)) < len(keys) - SLOTS:
        assert not running.done(), "the backfill was over before the worker was killed"
        time.sleep(0.5)
    at.airflow.kill_part("worker-1")
    at.airflow.start_worker(1)
    at.succeeds(running)
    assert at.loaded(keys) == dict.fromkeys(keys, SALES)
    again = at.airflow.rest.get("/eventLogs", event="stuck in queued reschedule")["total_entries"]
    assert again, "the worker had taken nothing"
    return f"{again} hours queued again"


def worker_killed(at: System) -> str:
    """One of two Celery workers is killed amid a load, under a backfill of 48 hours, and is not replaced."""
    keys = at.archive("2026-09-05T00", "2026-09-06T23", 5 * SALES)
    running = at.backfill(keys)
    while len(at.loaded(keys)) < len(keys) // 4 or not at.loads("worker-1"):
        assert not running.done(), "the backfill was over before the worker was killed"
    at.airflow.kill_part("worker-1")
    before = len(at.loaded(keys))
    at.succeeds(running)
    assert at.loaded(keys) == dict.fromkeys(keys, 5 * SALES)
    again = sum(tries > 1 for tries in at.tries(keys))
    assert again, "the worker had nothing to lose"
    return f"killed when {before} of {len(keys)} hours were loaded, {again} hours tried again"


LOCAL = (collector_silent, manifest_late, no_manifests, s3_away, postgres_restarted, scheduler_killed)
CELERY = (messages_lost, worker_killed)


def main(names: list[str], seed: int) -> int:
    """Run the faults of these names, or all, and return the exit status."""
    print(f"faults under Airflow: seed {seed}", flush=True)
    wrong = 0
    for faults, workers in ((LOCAL, 0), (CELERY, 2)):
        chosen = [fault for fault in faults if not names or fault.__name__ in names]
        if not chosen:
            continue
        Random(seed).shuffle(chosen)
        chosen.sort(key=lambda fault: fault is not collector_silent)  # the grace period ends soon after the start
        with TemporaryDirectory() as folder, system(Path(folder), workers, seed=seed) as at:
            wrong += sum(not _ended_well(fault, at) for fault in chosen)
    print(f"faults under Airflow: {wrong} ended wrong with seed {seed}")
    return 1 if wrong else 0


def _ended_well(fault: Callable[[System], str], at: System) -> bool:
    began = time.monotonic()
    try:
        outcome = fault(at)
    except Exception as error:  # noqa: BLE001 (every fault is tried, whatever became of the one before)
        print(f"{fault.__name__}: WRONG: {error!r}", flush=True)
        return False
    print(f"{fault.__name__}: {outcome} ({time.monotonic() - began:.0f} s)", flush=True)
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults.airflow", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="FAULT", help="those to run, instead of all")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="runs the same again")
    asked = parser.parse_args()
    sys.exit(main(asked.names, asked.seed))
