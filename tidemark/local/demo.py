"""Three hours of the whole system in about two minutes, with two accidents, and what came of them."""

import os
import shutil
import sys
import time
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from tidemark.loader.marts.postgres import refresh_days
from tidemark.local.environment import BUCKET, COLLECTORS
from tidemark.local.evidence.ledger import read
from tidemark.local.figures import Figures
from tidemark.local.findings import findings
from tidemark.local.interrupt import Interrupts
from tidemark.local.leftover import end_leftovers
from tidemark.local.lock import only_one
from tidemark.local.progress import Progress
from tidemark.local.recording import RATE, SALES_SHARE, Schedule, record
from tidemark.local.report import report
from tidemark.local.stack import Stack
from tidemark.local.verdict import Verdict

_DAG = "load_sales"
_FLIGHT = timedelta(milliseconds=250) * RATE


def run(folder: Path, console: Console) -> bool:
    """Run the demo in a folder, which is emptied first; return whether everything received was loaded once."""
    with Interrupts() as interrupts, only_one(folder), Progress(console) as progress:
        end_leftovers(folder)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            with Stack(folder, interrupts, progress) as stack:
                figures, verdict = _happen(stack, progress)
                progress.meanwhile("everything stops")
        except KeyboardInterrupt:
            progress("interrupted; everything is stopped")
            raise
    console.print(report(figures, verdict))
    console.print(_look_further(folder), highlight=False)
    return verdict.yes


def _happen(stack: Stack, progress: Progress) -> tuple[Figures, Verdict]:
    """Record, upload and load three hours, and compare what everybody says of them."""
    stack.start_storage()
    schedule = Schedule.starting(time.time())
    stack.clock = str(schedule.clock)
    simulator = stack.start_simulator(SALES_SHARE)
    for collector in COLLECTORS:
        stack.start_collector(collector, simulator.source)
    airflow = stack.start_airflow(simulator.source)
    record(stack, simulator, schedule, progress)
    progress.meanwhile("Airflow comes up")
    airflow.result().backfill(_DAG, schedule.hours[0], schedule.hours[-1], progress)
    progress.meanwhile("the Events API fills what nobody recorded")
    repaired = stack.repair(schedule.hours[0], schedule.hours[-1], simulator.source)
    recovered = sum(load["inserted"] for load in repaired["loads"])
    progress(f"repair: stretches that nobody covered {repaired['open_stretches']}, sales recovered {recovered}")
    simulator.stop()
    refresh_days(SecretStr(stack.postgres.url("warehouse")), progress)
    stack.save_archive()
    progress.meanwhile("comparing what everybody says")
    return findings(
        schedule.hours,
        read(simulator.ledger),
        client=stack.s3.client(),
        bucket=BUCKET,
        warehouse_url=stack.postgres.url("warehouse"),
        flight=_FLIGHT,
    )


def _look_further(folder: Path) -> str:
    tidemark = os.path.relpath(Path(sys.executable).with_name("tidemark"))
    return f"""
To look further (nothing runs any more; everything stays in {folder} until the next demo):
  {tidemark} up --demo   brings up its warehouse, its archive and the Airflow UI, and says how to use them:
                         tidemark query, psql, and the runs in the browser; {tidemark} down ends it
  {folder}/archive      the archive as it lay in S3: hour files (.jsonl.zst) and manifests
  {folder}/collector-a  a collector's spool and log; the logs of the other programs lie beside it
"""
