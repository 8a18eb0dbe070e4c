"""The parts of the system in one folder: their settings, and the order in which they start and stop."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import psycopg2
from psycopg2 import sql

from tidemark.archive.names import ManifestKey
from tidemark.core.hour import Hour
from tidemark.local.background import Background, Interrupts
from tidemark.local.environment import BUCKET, Source, bare, collecting, loading, uploading
from tidemark.local.ports import Ports
from tidemark.local.process import Process, tidemark
from tidemark.local.services.airflow import Airflow
from tidemark.local.services.page import PageProcess
from tidemark.local.services.postgres import Postgres
from tidemark.local.services.s3 import S3Server
from tidemark.local.services.simulator import SimulatorProcess

T = TypeVar("T")
UI_PORT = 8080
PAGE_PORT = 8081
NEVER = "2999-12-31T00"  # an hour that no schedule reaches


class Part(Protocol):
    """A part of the system that is one process, as seen from outside."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""

    def start(self) -> object:
        """Start it, also again after its end, and wait until it works."""

    def stop(self) -> None:
        """Stop it; harmless when it does not run."""


class Stack:
    """One system whose whole state is `folder`; leaving the `with` block stops every part, in reverse order.

    `parts` are those that were started, by name, without Airflow, which is several processes.
    """

    def __init__(
        self,
        folder: Path,
        interrupts: Interrupts,
        log: Callable[[str], None],
        *,
        clock: str = "",
        ports: Ports | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.log = log
        self.clock = clock
        self.ports = ports or Ports()
        self.parts: dict[str, Part] = {}
        self.collectors: dict[str, Process] = {}
        self._environment = bare(os.environ)
        self._interrupts = interrupts
        self._stops = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.postgres = Postgres(self.folder / "postgres", port=self.ports.of("PostgreSQL"))
        self.s3 = S3Server(port=self.ports.of("S3"), folder=self.folder / "s3", log=self.folder / "s3.log")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._interrupts.held():
            self._stops.close()

    @property
    def archive(self) -> Path:
        """The objects of the archive as plain files."""
        return self.folder / "s3" / BUCKET

    def spool(self, collector: str) -> Path:
        """Return the folder into which a collector writes."""
        return self.folder / collector / "spool"

    def start_storage(self) -> None:
        """Start PostgreSQL and S3 with the data of the last start, and migrate the warehouse."""
        self.start("PostgreSQL", self.postgres)
        for database in ("warehouse", "airflow"):
            self._ensure_database(database)
        self.log(f"PostgreSQL: ready on port {self.postgres.port}")
        self.start("S3", self.s3)
        self.s3.create_bucket(BUCKET)
        self.log(f"S3: ready at {self.s3.endpoint}")
        self._run(["migrate"], {"TIDEMARK_WAREHOUSE_URL": self.postgres.url("warehouse")})
        self.log("warehouse: migrations applied")

    def start_simulator(self, sales_share: float, seed: int | None = 1) -> SimulatorProcess:
        """Start the simulator."""
        environment = self._environment | {"TIDEMARK_CLOCK": self.clock}
        port = self.ports.of("simulator")
        folder = self.folder / "simulator"
        simulator = SimulatorProcess(folder, environment, sales_share=sales_share, port=port, seed=seed)
        self.start("simulator", simulator)
        self.log("simulator: ready")
        return simulator

    def start_collector(self, collector: str, source: Source, metrics_port: int = 0) -> None:
        """Start `tidemark collect`."""
        settings = collecting(collector, self.spool(collector), source, clock=self.clock, metrics_port=metrics_port)
        log = self.folder / collector / "output.log"
        self.collectors[collector] = Process(collector, tidemark("collect"), self._environment | settings, log)
        self.start(collector, self.collectors[collector])

    def start_airflow(self, source: Source, *, first_hour: str = NEVER) -> Background[Airflow]:
        """Start Airflow in the background; from `first_hour` on, its schedule loads hours."""
        environment = self._environment | self.loader_environment(source) | {"TIDEMARK_FIRST_HOUR": first_hour}
        port = self.ports.of("Airflow")
        airflow = Airflow(self.folder / "airflow", self.postgres.url("airflow"), environment, port=port)
        self._stops.callback(airflow.stop)
        return self.background(lambda: airflow.start(self.log))

    def start_page(self, source: Source, airflow_url: str) -> str:
        """Start the page, read-only, and return its address."""
        port = self.ports.of("page", PAGE_PORT)
        page = PageProcess(
            self.folder / "page",
            self._environment | self.loader_environment(source),
            port=port,
            airflow=f"{airflow_url}/tidemark/",
        )
        self.start("page", page)
        self.log(f"page: ready at {page.url}")
        return page.url

    def upload(self, collector: str) -> str:
        """Run `tidemark upload` once, as cron would, and return the last line it printed."""
        settings = uploading(collector, self.spool(collector), clock=self.clock) | self.s3.environment
        return self._run(["upload"], settings, log=self.folder / collector / "upload.log")

    def archived(self, collector: str, hour: Hour) -> bool:
        """Return whether the archive has a collector's manifest of an hour."""
        key = str(ManifestKey("", collector, hour))
        return bool(self.s3.client().list_objects_v2(Bucket=BUCKET, Prefix=key).get("KeyCount"))

    def repair(self, first: Hour, last: Hour, source: Source) -> dict[str, Any]:
        """Run `tidemark repair` for these hours and return its report."""
        words = ["repair", "--from", first.key, "--to", last.key, "--json"]
        return dict(json.loads(self._run(words, self.loader_environment(source))))

    def audit(self, first: Hour, last: Hour, source: Source) -> dict[str, Any]:
        """Run `tidemark audit` for these hours, though they may have just ended, and return its report."""
        environment = self.loader_environment(source) | {"TIDEMARK_AUDIT_DELAY": "0"}
        return dict(json.loads(self._run(["audit", "--from", first.key, "--to", last.key, "--json"], environment)))

    def loader_environment(self, source: Source) -> dict[str, str]:
        """Return the loader's settings, for the command line and for Airflow."""
        return loading(self.postgres.url("warehouse"), source) | self.s3.environment

    def make_week(self, first: Hour, last: Hour, source: Source) -> str:
        """Make and load a range of hours of the simulator's market, and return how many."""
        command = [sys.executable, "-P", "-m", "tidemark.local.demo.week", first.key, last.key]
        environment = self._environment | self.loader_environment(source)
        return Process("the week before", command, environment, self.folder / "week.log").run(timeout=600).strip()

    def background(self, function: Callable[[], T]) -> Background[T]:
        """Run a function that starts programs in the background; it is abandoned when the system stops before it."""
        background = Background(function).start()
        self._stops.callback(background.abandon)
        return background

    def start(self, name: str, part: Part) -> None:
        """Start a part, or start it again; it is stopped with the system."""
        with self._interrupts.held():
            if self.parts.get(name) is not part:
                self._stops.callback(part.stop)
            self.parts[name] = part
            part.start()

    def _run(self, words: list[str], settings: dict[str, str], log: Path | None = None) -> str:
        """Run a verb to its end and return the last line it printed."""
        log = log or self.folder / f"{words[0]}.log"
        printed = Process(f"tidemark {words[0]}", tidemark(*words), self._environment | settings, log).run()
        return printed.splitlines()[-1] if printed else ""

    def _ensure_database(self, name: str) -> None:
        with closing(psycopg2.connect(self.postgres.url(), client_encoding="utf8")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                if not cursor.fetchone():
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
