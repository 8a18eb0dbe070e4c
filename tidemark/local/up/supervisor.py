"""The process that keeps the system up, as systemd and cron do in production.

`python -P -m tidemark.local.up.supervisor RUN FOLDER PORT` gets the folders of the state and of the system, and the
port of the Airflow UI (0: that of the last start, or 8080). On SIGTERM it stops, and everything with it.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from msgspec import structs
from rich.console import Console

from tidemark.core.clock import Clock
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.local.background import Interrupts
from tidemark.local.environment import SMALL_MARKET, Source, asking
from tidemark.local.folder import end_leftovers, only_one
from tidemark.local.ports import Ports
from tidemark.local.progress import Progress
from tidemark.local.services.airflow import Airflow
from tidemark.local.services.postgres import programs
from tidemark.local.stack import NEVER, UI_PORT, Stack
from tidemark.local.up.settings import UpSettings
from tidemark.local.up.state import ENVIRONMENT, State, forget_state, is_due, restarted, write_environment, write_state

MESSAGES_PER_SECOND = 5.0
SALES_SHARE = 0.1
LAST_DEMO = Source("the last demo", api=SMALL_MARKET)  # it is shown, and nothing is recorded
_POLL = 2.0
_UPLOAD_AFTER = timedelta(minutes=1)  # after each hour's end
_AFTER_RESTART = {
    "PostgreSQL": "no committed data were lost",
    "S3": "its objects were read back from disk",
    "simulator": "events from before can no longer be fetched from its Events API",
}


def supervise(run: Path, folder: Path, ui_port: int) -> None:
    """Start the system and keep it running. A `folder` other than `run` is only shown: nothing is recorded."""
    settings = UpSettings()
    log = Progress(Console())
    ports = Ports.kept_in(run / "ports.json")
    with Interrupts() as interrupts, only_one(folder), Stack(folder, interrupts, log, ports=ports) as stack:
        end_leftovers(folder)
        if ui_port:
            ports.choose("Airflow", ui_port)
        ports.of("Airflow", UI_PORT)
        stack.start_storage()
        source = LAST_DEMO if folder != run else settings.source()
        if source is None:
            simulator = stack.start_simulator(SALES_SHARE, seed=None)
            simulator.set_rate(MESSAGES_PER_SECOND)
            source = simulator.source
        for collector in source.keys:
            stack.start_collector(collector, source, metrics_port=ports.of(f"{collector} metrics"))
        first_hour = Hour.of(datetime.now(UTC)).key if source.keys else NEVER
        airflow = stack.start_airflow(source, first_hour=first_hour).result()
        for dag in airflow.rest.dags() if source.keys else ():
            airflow.rest.unpause(dag)
        page = stack.start_page(source, airflow.url)
        state = _state(stack, source, airflow, page, settings.compared(demo=folder != run))
        psql = run / "psql"  # PostgreSQL's own client, beside the environment that it needs: a new machine has none
        psql.unlink(missing_ok=True)
        psql.symlink_to(programs() / "psql")
        write_environment(run / ENVIRONMENT, state.environment | asking(stack.postgres.url("warehouse")))
        write_state(run, state)
        try:
            _keep_running(stack, airflow, run, state)
        finally:
            forget_state(run)


def _keep_running(stack: Stack, airflow: Airflow, run: Path, state: State) -> None:
    """Restart what ends, and upload after each hour, until interrupted."""
    due = Hour.of(Clock().at(time.time())).end + _UPLOAD_AFTER
    while True:
        time.sleep(_POLL)
        state = _restart_ended(stack, airflow, run, state)
        if Clock().at(time.time()) >= due:
            due = Hour.of(due).end + _UPLOAD_AFTER
            for collector in state.collectors:
                try:
                    stack.log(f"upload of {collector}: {stack.upload(collector)}")
                except Problem as problem:  # the upload after the next hour does the rest
                    stack.log(f"upload of {collector}: {problem}")


def _restart_ended(stack: Stack, airflow: Airflow, run: Path, state: State) -> State:
    """Start every part that has ended, and return the state with these restarts."""
    ended = [name for name, part in stack.parts.items() if not part.pid]
    for name in [*ended, *(f"Airflow {part}" for part in airflow.dead_parts())]:
        last, now = state.restarts.get(name), time.time()
        if not is_due(last, now):
            continue
        try:
            if name in stack.parts:
                stack.start(name, stack.parts[name])
            else:
                airflow.restart(name.removeprefix("Airflow "))
            note = f" ({_AFTER_RESTART[name]})" if name in _AFTER_RESTART else ""
            stack.log(f"{name}: had ended; restarted{note}")
        except Problem as problem:
            stack.log(f"{name}: had ended, and did not start: {problem}")
        state = structs.replace(state, restarts=state.restarts | {name: restarted(last, now)})
        write_state(run, state)
    return state


def _state(stack: Stack, source: Source, airflow: Airflow, page: str, settings: dict[str, str]) -> State:
    me = psutil.Process()
    return State(
        pid=me.pid,
        created=me.create_time(),
        source=source.name,
        folder=str(stack.folder),
        collectors=tuple(source.keys),
        ui=airflow.url,
        page=page,
        username=airflow.username,
        password=airflow.password,
        environment=stack.loader_environment(source),
        settings=settings,
    )


if __name__ == "__main__":
    try:
        supervise(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    except KeyboardInterrupt:
        pass  # stopped on request
    except Problem as problem:
        sys.exit(str(problem))
