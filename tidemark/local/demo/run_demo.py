"""`tidemark demo`: three hours of the whole system in a minute and a half, with three faults, and a report."""

import os
import shutil
import sys
import time
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from tidemark.loader.marts import refresh_days
from tidemark.local.background import Interrupts
from tidemark.local.demo.reconciliation import Reconciliation
from tidemark.local.demo.report import report
from tidemark.local.demo.schedule import RATE, SALES_SHARE, Schedule, record
from tidemark.local.demo.sources import compare_sources, read_sent
from tidemark.local.environment import BUCKET, COLLECTORS
from tidemark.local.figures import Figures
from tidemark.local.folder import end_leftovers, only_one
from tidemark.local.progress import Progress
from tidemark.local.stack import Stack

_DAG = "load_sales"
_FLIGHT = timedelta(milliseconds=250) * RATE


def run_demo(folder: Path, console: Console) -> bool:
    """Run the demo in a folder, which is emptied first; return whether everything received was loaded exactly once."""
    with Interrupts() as interrupts, only_one(folder), Progress(console) as progress:
        end_leftovers(folder)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            with Stack(folder, interrupts, progress) as stack:
                figures, reconciliation = _run_hours(stack, progress)
                progress.show("stopping everything")
        except KeyboardInterrupt:
            progress("interrupted; everything is stopped")
            raise
    console.print(report(figures, reconciliation))
    console.print(next_steps(folder), highlight=False)
    return reconciliation.matches


def _run_hours(stack: Stack, progress: Progress) -> tuple[Figures, Reconciliation]:
    """Record, upload and load three hours, and compare all sources."""
    stack.start_storage()
    schedule = Schedule.starting(time.time())
    stack.clock = str(schedule.clock)
    simulator = stack.start_simulator(SALES_SHARE)
    for collector in COLLECTORS:
        stack.start_collector(collector, simulator.source)
    airflow = stack.start_airflow(simulator.source)
    # once Airflow's start leaves room for it
    week = stack.background(lambda: airflow.result() and stack.make_week(*schedule.before, simulator.source))
    record(stack, simulator, schedule, progress)
    progress.show("waiting for Airflow")
    airflow.result().backfill(_DAG, schedule.hours[0], schedule.hours[-1], progress)
    progress.show("filling gaps from the Events API")
    repaired = stack.repair(schedule.hours[0], schedule.hours[-1], simulator.source)
    recovered = sum(load["inserted"] for load in repaired["loads"])
    progress(f"repair: open gap windows {repaired['open_windows']}, sales recovered {recovered}")
    progress.show("auditing the hours with the Events API")
    audit = stack.audit(schedule.hours[0], schedule.hours[-1], simulator.source)
    unseen = sum(hour["api_unseen"] or 0 for hour in audit["audited"])
    progress(f"audit: {unseen} sales that OpenSea sent to no collector, now loaded")
    simulator.stop()
    progress.show("waiting for the week before")
    progress(f"the week before: {week.result()}, made by the simulator, not recorded")
    refresh_days(SecretStr(stack.postgres.url("warehouse")), progress)
    progress.show("comparing all sources")
    return compare_sources(
        schedule.hours,
        read_sent(simulator.ledger),
        client=stack.s3.client(),
        bucket=BUCKET,
        warehouse_url=stack.postgres.url("warehouse"),
        flight=_FLIGHT,
    )


def next_steps(folder: Path) -> str:
    """Return what a person can do with what a demo left."""
    tidemark = os.path.relpath(Path(sys.executable).with_name("tidemark"))
    return f"""
Everything is stopped. The data stay in {folder} until the next demo. Next:
  {tidemark} up --demo
      starts warehouse, archive, page and Airflow with these hours and the week
      before them, and shows how to look at them
  {tidemark} down
      stops it again
  {folder}/s3/tidemark
      is the archive as it was in S3: hour files (.jsonl.zst) and manifests
  {folder}/collector-a
      is a collector's spool and log; other programs have theirs beside it
"""
