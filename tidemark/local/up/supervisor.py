"""The process that keeps the system up: what systemd, cron and the other machines are elsewhere.

`python -P -m tidemark.local.up.supervisor RUN FOLDER PORT` gets the folders of the state and of the system, and the
port of the Airflow UI. It stops, and everything with it, on SIGTERM.
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

import psutil
from rich.console import Console

from tidemark.core.clock import Clock
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.local.environment import Source, asking
from tidemark.local.folder import end_leftovers, only_one
from tidemark.local.interrupt import Interrupts
from tidemark.local.ports import free_port
from tidemark.local.progress import Progress
from tidemark.local.services.airflow import Airflow
from tidemark.local.services.postgres import programs
from tidemark.local.stack import Stack
from tidemark.local.up.settings import UpSettings
from tidemark.local.up.state import ENVIRONMENT, State, forget_state, write_environment, write_state

MESSAGES_PER_SECOND = 5.0
SALES_SHARE = 0.1
NOBODY = Source("nothing; it shows what the demo left")
_PULSE = 2.0
_CRON = timedelta(minutes=1)  # after each hour's end


def supervise(run: Path, folder: Path, ui_port: int) -> None:
    """Bring the system up and keep it so. What lies in another folder than `run` is only shown: nothing is recorded."""
    settings = UpSettings()
    log = Progress(Console())
    with Interrupts() as interrupts, only_one(folder), Stack(folder, interrupts, log, ui_port=ui_port) as stack:
        end_leftovers(folder)
        stack.start_storage()
        source = NOBODY if folder != run else settings.source() or _simulated(stack)
        for collector in source.keys:
            stack.start_collector(collector, source, metrics_port=free_port())
        airflow = stack.start_airflow(source).result()
        for dag in airflow.rest.dags() if source.keys else ():
            airflow.rest.unpause(dag)
        state = _state(stack, source, airflow)
        _link_psql(run)
        write_environment(run / ENVIRONMENT, state.environment | asking(stack.postgres.url("warehouse")))
        write_state(run, state)
        try:
            _tend(stack, source)
        finally:
            forget_state(run)


def _simulated(stack: Stack) -> Source:
    simulator = stack.start_simulator(SALES_SHARE)
    simulator.set_rate(MESSAGES_PER_SECOND)
    return simulator.source


def _link_psql(run: Path) -> None:
    """Put PostgreSQL's own client beside the environment that it needs; a fresh machine has none."""
    link = run / "psql"
    link.unlink(missing_ok=True)
    link.symlink_to(programs() / "psql")


def _tend(stack: Stack, source: Source) -> None:
    """Restart what ends and upload after each hour, for ever."""
    due = Hour.of(Clock().at(time.time())).end + _CRON
    while True:
        time.sleep(_PULSE)
        for collector in source.keys:
            if not stack.processes[collector].pid:
                stack.log(f"{collector}: ended by itself; started again")
                stack.start_collector(collector, source, metrics_port=free_port())
        if Clock().at(time.time()) >= due:
            due = Hour.of(due).end + _CRON
            for collector in source.keys:
                _upload(stack, collector)
            stack.save_archive()


def _upload(stack: Stack, collector: str) -> None:
    try:
        stack.log(f"cron on {collector}: {stack.upload(collector)}")
    except Problem as problem:  # the next hour's upload takes it up again
        stack.log(f"cron on {collector}: {problem}")


def _state(stack: Stack, source: Source, airflow: Airflow) -> State:
    me = psutil.Process()
    return State(
        pid=me.pid,
        created=me.create_time(),
        source=source.name,
        folder=str(stack.folder),
        collectors=tuple(source.keys),
        ui=airflow.url,
        username=airflow.username,
        password=airflow.password,
        environment=stack.loader_environment(source),
    )


if __name__ == "__main__":
    try:
        supervise(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    except KeyboardInterrupt:
        pass  # told to end, and did
    except Problem as problem:
        sys.exit(str(problem))
