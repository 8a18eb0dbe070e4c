"""Loads that are killed, and servers that go away under them: what the warehouse holds afterwards.

`python -m tests.faults.loads --rounds 50 --seed 7` runs it for long and prints what fired; exit status 1 if
anything was lost.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pydantic import SecretStr

from tests.loader.contents import contents
from tests.loader.recording import Recording, listed, sold
from tidemark.core.hour import Hour, hours
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import load_hour
from tidemark.loader.marts import refresh_days
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.migrate import migrate
from tidemark.local.services.postgres import Postgres
from tidemark.local.services.s3 import S3Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# two hours of one month and two of the next, which has tables of its own
FIRST, LAST = Hour.parse("2026-10-31T22"), Hour.parse("2026-11-01T01")
SALES = 600
BUCKET = "archive"
LOAD = "from tidemark.cli.main import main; main()"


def archive(client: "S3Client") -> None:
    """Hours by two collectors that repeat each other and most of the hours before."""
    for later, hour in enumerate(hours(FIRST, LAST)):
        for collector in ("collector-a", "collector-b"):
            recording = Recording(collector, hour)
            for number in range(SALES):
                sale = sold(100 * later + number % 500, FIRST, sent=number / 2)
                recording.receive(sale, number).receive(listed(number), number)
            recording.put(client, BUCKET)


def quiet(_: str) -> None:
    """Swallow the progress."""


def settings_for(url: str) -> LoaderSettings:
    """The loader's settings for a warehouse, which gets its tables."""
    migrate(SecretStr(url), log=quiet)
    return LoaderSettings(warehouse_url=url, bucket=BUCKET)


@contextmanager
def loading(hour: Hour, url: str) -> Iterator[subprocess.Popen[str]]:
    """A load in a process of its own, at work: it has read its first file or is done."""
    environment = {**os.environ, "TIDEMARK_WAREHOUSE_URL": url, "TIDEMARK_BUCKET": BUCKET}
    command = [sys.executable, "-c", LOAD, "load", hour.key, "--force"]
    with subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as load:
        assert load.stdout is not None
        load.stdout.readline()
        yield load


def fault_during_load(fault: str, random: Random, server: Postgres) -> str:
    """Let a fault happen to one load, and say whether it did."""
    hour = random.choice(list(hours(FIRST, LAST)))
    with loading(hour, server.url()) as load:
        time.sleep(random.random() * 0.25)
        if fault == "killed":
            load.kill()
        else:
            server.restart()
        output = load.communicate()[1]
    if load.returncode == 0:
        return "too late"
    if fault == "killed":
        assert load.returncode == -9, output
    else:
        assert (load.returncode, "tidemark: the warehouse" in output) == (1, True), output
    return fault


def run(rounds: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Load under faults, then once in peace.

    Return how often each fired, which tables differ from a quiet load, and which checks find wrong rows.
    """
    with Postgres(folder / "faulty") as faulty, Postgres(folder / "calm") as calm, S3Server() as s3:
        os.environ.update(s3.environment)
        s3.create_bucket(BUCKET)
        archive(s3.client())
        warehouses = [settings_for(server.url()) for server in (faulty, calm)]
        random = Random(seed)
        fired = Counter(
            fault_during_load(fault, random, faulty) for fault in islice(cycle(("killed", "restarted")), rounds)
        )
        for hour in hours(FIRST, LAST):
            for settings in warehouses:
                load_hour(hour, settings, log=quiet)
        for settings in warehouses:
            refresh_days(settings.warehouse_url, log=quiet)
        found, right = contents(faulty.url()), contents(calm.url())
        failures = run_checks(warehouses[0].warehouse_url)
    return fired, [table for table in right if right[table] != found[table]] + [one.check.name for one in failures]


def main() -> None:
    """Run for long and say what happened; a fault that never fired has shown nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.loads")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="runs the same rounds again")
    asked = parser.parse_args()
    rounds = asked.rounds
    print(f"loads: seed {asked.seed}", flush=True)
    with TemporaryDirectory() as folder:
        fired, wrong = run(rounds, seed=asked.seed, folder=Path(folder))
    counts = ", ".join(f"{count} {fault}" for fault, count in sorted(fired.items()))
    print(f"loads: {rounds} rounds ({counts}); differs from a quiet load, or wrong: {', '.join(wrong) or 'nothing'}")
    sys.exit(bool(wrong) or not {"killed", "restarted"} <= set(fired))


if __name__ == "__main__":
    main()
