"""What a person is shown of a system that is up."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from collector.status import inspect
from tidemark.core.errors import Problem
from tidemark.core.hour import LENGTH, Hour
from tidemark.local.environment import BUCKET
from tidemark.local.figures import HourQuality, LoadedHour, percent
from tidemark.local.ports import is_free
from tidemark.local.services.airflow_rest import AirflowRest
from tidemark.local.up.state import ENVIRONMENT, Restart, State
from tidemark.local.warehouse import loads, qualities
from tidemark.storage.failures import failure_of

_LAST_HOURS = 12
_POLL = 0.5
_ON_ITS_WAY = timedelta(minutes=3)  # from the end of an hour through upload and Airflow to the warehouse


def addresses(run: Path, state: State) -> str:
    """Return where every part is, and the commands to look at it."""
    tidemark, run = os.path.relpath(Path(sys.executable).with_name("tidemark")), Path(os.path.relpath(run))
    folder = os.path.relpath(state.folder)
    does = f"recording {state.source}" if state.collectors else "showing the last demo (not recording)"
    first = f"\n{first_data(datetime.now(UTC))}" if state.collectors else ""
    return f"""
Tidemark is up, {does}.{first}
  Airflow    {state.ui}
             user {state.username}, password {state.password}
  page       {state.page}
             hours, gaps and market; in Airflow too, with a button to load
  S3         {state.environment["AWS_ENDPOINT_URL"]}
             its objects are files in {folder}/s3/{BUCKET}
  warehouse  PostgreSQL. Set the environment first:  . {run / ENVIRONMENT}
             {tidemark} query            lists named questions
             {tidemark} query top_sales  answers one
             {tidemark} coverage         how complete hours are
             {run / "psql"}   your own SQL; schemas mart and core
  logs       {run / "supervisor.log"}, {folder}/*/output.log
  stop it    {tidemark} down
"""


def first_data(now: datetime) -> str:
    """Return when the hour that is recorded now will be in the warehouse."""
    hour = Hour.of(now)
    due = hour.end + _ON_ITS_WAY
    minutes = -(-(due - now) // timedelta(minutes=1))
    return (
        f"An hour is loaded when it is over: {hour} about {due:%H:%M} UTC, in {minutes} minutes.\n"
        "tidemark status --local shows what is recorded and loaded until then."
    )


@dataclass(frozen=True)
class Part:
    """A part of the system: whether it works, and a note."""

    name: str
    works: bool
    note: str


@dataclass(frozen=True)
class Overview:
    """The state of a system: its parts, and the last hours that it loaded, the newest first."""

    parts: list[Part]
    hours: list[tuple[Hour, LoadedHour, HourQuality]]

    @property
    def works(self) -> bool:
        """Whether every part works."""
        return all(part.works for part in self.parts)

    def __rich__(self) -> RenderableType:
        """Return it as two tables."""
        running = Table("part", "state", "", box=box.SIMPLE_HEAD)
        for part in self.parts:
            running.add_row(part.name, "works" if part.works else "FAILS", part.note)
        loaded = Table("last hours", "lines", "sales", "quarantined", "covered", box=box.SIMPLE_HEAD)
        for column in loaded.columns[1:]:
            column.justify = "right"
        for hour, load, quality in self.hours:
            covered = percent(quality.covered / LENGTH)
            loaded.add_row(hour.key, f"{load.lines:,}", f"{load.inserted:,}", f"{load.quarantined:,}", covered)
        return Group(running, loaded) if self.hours else running


def overview(state: State) -> Overview:
    """Ask every part of a system for its state, and the warehouse for its last hours."""
    found = [*_services(state), *_collectors(state)]
    url = state.environment["TIDEMARK_WAREHOUSE_URL"]
    try:
        load, quality = loads(url), qualities(url)
    except psycopg2.OperationalError as error:
        failure = failure_of(error)
        reason = failure.what if failure else type(error).__name__
        return Overview([*found, Part("PostgreSQL", False, _with_restarts(state, "PostgreSQL", reason))], [])
    note = _with_restarts(state, "PostgreSQL", f"port {urlsplit(url).port}, {len(load)} hours loaded")
    newest = sorted(load.keys() & quality.keys(), reverse=True)[:_LAST_HOURS]
    return Overview([*found, Part("PostgreSQL", True, note)], [(hour, load[hour], quality[hour]) for hour in newest])


def await_recording(state: State, timeout: float, clock: Callable[[], float] = time.monotonic) -> list[str]:
    """Wait until every collector is joined and writing; return what keeps them from it after `timeout` seconds."""
    deadline = clock() + timeout
    while troubles := [f"{part.name}: {part.note}" for part in _collectors(state) if not part.works]:
        if clock() > deadline:
            break
        time.sleep(_POLL)
    return troubles


def _services(state: State) -> Iterator[Part]:
    with closing(AirflowRest(state.ui, state.username, state.password)) as rest:
        health = rest.health()
    notes = [", ".join(f"{part} {how}" for part, how in health.items()) or f"no answer at {state.ui}"]
    notes += [
        _restarts(name.removeprefix("Airflow "), restart)
        for name, restart in state.restarts.items()
        if name.startswith("Airflow ")
    ]
    yield Part("Airflow", set(health.values()) == {"healthy"}, "; ".join(notes))
    yield _listener(state, "page", state.page)
    yield _listener(state, "S3", state.environment["AWS_ENDPOINT_URL"])
    if (api := state.environment.get("TIDEMARK_API_URL")) and "simulator" in state.source:
        yield _listener(state, "simulator", api)


def _listener(state: State, name: str, address: str) -> Part:
    port = urlsplit(address).port or 0
    works = not is_free(port)
    return Part(
        name, works, _with_restarts(state, name, f"port {port}" if works else f"nothing listens on port {port}")
    )


def _collectors(state: State) -> Iterator[Part]:
    for collector in state.collectors:
        part = _collector(collector, Path(state.folder) / collector / "spool")
        yield Part(collector, part.works, _with_restarts(state, collector, part.note))


def _collector(name: str, spool: Path) -> Part:
    try:
        found = inspect(spool)
    except Problem as problem:  # it has not made its spool yet
        return Part(name, False, problem.what)
    if not found.status:
        return Part(name, False, f"process {found.pid} does not answer" if found.pid else "does not run")
    note = f"{found.status.persisted:,} messages persisted, {found.backlog.pending_upload} segments pending upload"
    return Part(name, found.status.ready, "; ".join((*found.status.troubles, note)))


def _with_restarts(state: State, name: str, note: str) -> str:
    return f"{note}; {_restarts('', state.restarts[name])}" if name in state.restarts else note


def _restarts(name: str, restart: Restart) -> str:
    times = "once" if restart.count == 1 else f"{restart.count} times"
    return f"{name} restarted {times}, last at {datetime.fromtimestamp(restart.at, UTC):%Y-%m-%d %H:%M:%S}".strip()
