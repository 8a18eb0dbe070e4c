"""The parts of the system in one folder: which there are, what each is told, and in which order they start and end."""

import json
import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import psycopg2
from psycopg2 import sql

from tidemark.archive.names import ManifestKey
from tidemark.core.hour import Hour
from tidemark.local.background import Background
from tidemark.local.environment import BUCKET, Source, bare, collecting, loading, uploading
from tidemark.local.interrupt import Interrupts
from tidemark.local.process import Process, tidemark
from tidemark.local.services.airflow import Airflow
from tidemark.local.services.mirror import restore, save
from tidemark.local.services.postgres import Postgres
from tidemark.local.services.s3 import S3Server
from tidemark.local.services.simulator import SimulatorProcess

T = TypeVar("T")


class Part(Protocol):
    """Anything that is started and stopped."""

    def start(self) -> object:
        """Start it and wait until it works."""

    def stop(self) -> None:
        """Stop it; harmless when it does not run."""


class Stack:
    """One system whose whole state is `folder`; leaving the `with` block stops every part, the last first."""

    def __init__(
        self, folder: Path, interrupts: Interrupts, log: Callable[[str], None], *, clock: str = "", ui_port: int = 0
    ) -> None:
        self.folder = folder.resolve()
        self.log = log
        self.clock = clock
        self.processes: dict[str, Process] = {}
        self._environment = bare(os.environ)
        self._interrupts = interrupts
        self._parts = ExitStack()
        self._ui_port = ui_port
        self.postgres = Postgres(self.folder / "postgres")
        self.s3 = S3Server(log=self.folder / "s3.log")

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._interrupts.held():
            self._parts.close()

    @property
    def archive(self) -> Path:
        """The copy of the archive as plain files."""
        return self.folder / "archive"

    def spool(self, collector: str) -> Path:
        """Return the folder into which a collector writes."""
        return self.folder / collector / "spool"

    def start_storage(self) -> None:
        """Start PostgreSQL and S3, give them what an earlier run left, and migrate the warehouse."""
        self._start(self.postgres)
        for database in ("warehouse", "airflow"):
            self._ensure_database(database)
        self.log(f"PostgreSQL: ready on port {self.postgres.port}")
        self._start(self.s3)
        self.s3.create_bucket(BUCKET)
        restore(self.s3.client(), BUCKET, self.archive)
        self.log(f"S3: ready at {self.s3.endpoint}")
        self._run(["migrate"], {"TIDEMARK_WAREHOUSE_URL": self.postgres.url("warehouse")})
        self.log("warehouse: migrations applied")

    def start_process(self, name: str, command: list[str], environment: dict[str, str]) -> Process:
        """Start a program, or start it again, as systemd would."""
        process = Process(name, command, self._environment | environment, self.folder / name / "output.log")
        self.processes[name] = process
        self._start(process)
        return process

    def start_simulator(self, sales_share: float) -> SimulatorProcess:
        """Start the stand-in for OpenSea."""
        environment = self._environment | {"TIDEMARK_CLOCK": self.clock}
        simulator = SimulatorProcess(self.folder / "simulator", environment, sales_share=sales_share)
        self._start(simulator)
        self.log("simulator: ready")
        return simulator

    def start_collector(self, collector: str, source: Source, metrics_port: int = 0) -> None:
        """Start `tidemark collect`."""
        settings = collecting(collector, self.spool(collector), source, clock=self.clock, metrics_port=metrics_port)
        self.start_process(collector, tidemark("collect"), settings)

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
        said = self._run(["repair", first.key, last.key, "--json"], self.loader_environment(source))
        return dict(json.loads(said))

    def save_archive(self) -> None:
        """Bring the copy of the archive up to date."""
        save(self.s3.client(), BUCKET, self.archive)

    def loader_environment(self, source: Source) -> dict[str, str]:
        """Return what the loader is told, on the command line as in Airflow."""
        return loading(self.postgres.url("warehouse"), source) | self.s3.environment

    def start_airflow(self, source: Source) -> Background[Airflow]:
        """Bring up Airflow in the background."""
        environment = self._environment | self.loader_environment(source)
        airflow = Airflow(self.folder / "airflow", self.postgres.url("airflow"), environment, port=self._ui_port)
        self._parts.callback(airflow.stop)
        return self.background(lambda: airflow.start(self.log))

    def background(self, function: Callable[[], T]) -> Background[T]:
        """Do something that runs programs in the background; it is abandoned when the system ends before it."""
        background = Background(function)
        self._parts.callback(background.abandon)
        return background

    def _start(self, part: Part) -> None:
        with self._interrupts.held():
            self._parts.callback(part.stop)
            part.start()

    def _run(self, words: list[str], settings: dict[str, str], log: Path | None = None) -> str:
        """Run a verb to its end and return the last line it printed."""
        log = log or self.folder / f"{words[0]}.log"
        said = Process(f"tidemark {words[0]}", tidemark(*words), self._environment | settings, log).run()
        return said.splitlines()[-1] if said else ""

    def _ensure_database(self, name: str) -> None:
        with closing(psycopg2.connect(self.postgres.url())) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                if not cursor.fetchone():
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
