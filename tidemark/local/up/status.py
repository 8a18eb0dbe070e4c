"""What a person is told of a system that is up."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from collector.glance import look
from tidemark.core.hour import LENGTH, Hour
from tidemark.local.demo.tables import percent
from tidemark.local.figures import HourQuality, LoadedHour
from tidemark.local.services.airflow_rest import AirflowRest
from tidemark.local.up.state import ENVIRONMENT, State
from tidemark.local.warehouse import loads, qualities

_LAST_HOURS = 12


def addresses(run: Path, state: State) -> str:
    """Say where everything is, and how to look at it."""
    tidemark = os.path.relpath(Path(sys.executable).with_name("tidemark"))
    return f"""
Tidemark is up and records {state.source}.
  Airflow    {state.ui}   user {state.username}, password {state.password}
  S3         {state.environment["AWS_ENDPOINT_URL"]}   the same files lie in {state.folder}/archive
  warehouse  PostgreSQL; first, for all that follows:  . {run / ENVIRONMENT}
             {tidemark} query               the questions that it answers by name
             {tidemark} query top_sales     one of them
             {tidemark} coverage            how completely each hour was recorded
             {run / "psql"}   SQL of your own; schemas mart and core
  logs       {run / "supervisor.log"}, {state.folder}/*/output.log
  end it     {tidemark} down
"""


@dataclass(frozen=True)
class Part:
    """A part of the system: whether it works, and what it says of itself."""

    name: str
    works: bool
    said: str


@dataclass(frozen=True)
class Overview:
    """How a system is: its parts, and the last hours that it loaded, the newest first."""

    parts: list[Part]
    hours: list[tuple[Hour, LoadedHour, HourQuality]]

    @property
    def works(self) -> bool:
        """Whether every part does."""
        return all(part.works for part in self.parts)

    def __rich__(self) -> RenderableType:
        """Return it as two tables."""
        running = Table("part", "state", "", box=box.SIMPLE_HEAD)
        for part in self.parts:
            running.add_row(part.name, "works" if part.works else "DOES NOT WORK", part.said)
        loaded = Table("last hours", "lines", "sales", "quarantined", "covered", box=box.SIMPLE_HEAD)
        for hour, load, quality in self.hours:
            covered = percent(quality.covered / LENGTH)
            loaded.add_row(hour.key, f"{load.lines:,}", f"{load.inserted:,}", f"{load.quarantined:,}", covered)
        return Group(running, loaded) if self.hours else running


def overview(state: State) -> Overview:
    """Ask every part of a system how it is, and the warehouse for its last hours."""
    found = list(_parts(state))
    url = state.environment["TIDEMARK_WAREHOUSE_URL"]
    try:
        load, quality = loads(url), qualities(url)
    except psycopg2.OperationalError as error:
        return Overview([*found, Part("PostgreSQL", False, str(error).strip())], [])
    said = f"port {urlsplit(url).port}, {len(load)} hours loaded"
    newest = sorted(load.keys() & quality.keys(), reverse=True)[:_LAST_HOURS]
    return Overview([*found, Part("PostgreSQL", True, said)], [(hour, load[hour], quality[hour]) for hour in newest])


def _parts(state: State) -> Iterator[Part]:
    rest = AirflowRest(state.ui, state.username, state.password)
    health = rest.health()
    rest.close()
    said = ", ".join(f"{part} {how}" for part, how in health.items()) or f"no answer at {state.ui}"
    yield Part("Airflow", set(health.values()) == {"healthy"}, said)
    for collector in state.collectors:
        yield _collector(collector, Path(state.folder) / collector / "spool")


def _collector(name: str, spool: Path) -> Part:
    glance = look(spool)
    if not glance.status:
        return Part(name, False, "does not run" if not glance.pid else f"process {glance.pid} does not answer")
    said = f"{glance.status.kept:,} messages kept, {glance.backlog.pending_upload} segments not uploaded yet"
    return Part(name, glance.status.ready, "; ".join((said, *glance.status.troubles)))
