"""The process that keeps the system up: what systemd, cron and the other machines are elsewhere.

`python -m tidemark.local.keeper RUN FOLDER PORT` with the folders of the state and of the system, and the port of the
Airflow UI. It ends, and everything with it, on SIGTERM.
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
from tidemark.local.airflow import Airflow
from tidemark.local.environment import Source, asking
from tidemark.local.interrupt import Interrupts
from tidemark.local.leftover import end_leftovers
from tidemark.local.lock import only_one
from tidemark.local.port import free_port
from tidemark.local.postgres import programs
from tidemark.local.progress import Progress
from tidemark.local.settings import UpSettings
from tidemark.local.stack import Stack
from tidemark.local.state import ENVIRONMENT, State, forget_state, write_environment, write_state

MESSAGES_PER_SECOND = 5.0
SALES_SHARE = 0.1
NOBODY = Source("nothing; it shows what the demo left")
_PULSE = 2.0
_CRON = timedelta(minutes=1)  # after each hour's end


def keep(run: Path, folder: Path, ui_port: int) -> None:
    """Bring the system up and keep it so. What lies in another folder than `run` is only shown: nothing is recorded."""
    settings = UpSettings()
    say = Progress(Console())
    with Interrupts() as interrupts, only_one(folder), Stack(folder, interrupts, say, ui_port=ui_port) as stack:
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
                stack.say(f"{collector}: ended by itself; started again")
                stack.start_collector(collector, source, metrics_port=free_port())
        if Clock().at(time.time()) >= due:
            due = Hour.of(due).end + _CRON
            for collector in source.keys:
                _upload(stack, collector)
            stack.save_archive()


def _upload(stack: Stack, collector: str) -> None:
    try:
        stack.say(f"cron on {collector}: {stack.upload(collector)}")
    except Problem as problem:  # the next hour's upload takes it up again
        stack.say(f"cron on {collector}: {problem}")


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
        keep(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    except KeyboardInterrupt:
        pass  # told to end, and did
    except Problem as problem:
        sys.exit(str(problem))
