"""A real Airflow on this machine: api-server, scheduler, DAG processor and triggerer, each a process of its own."""

import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Self

import psutil

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.local.ports import free_port
from tidemark.local.process import Process, Service
from tidemark.local.services.airflow_environment import DAGS, USERNAME, airflow_environment, passwords_file
from tidemark.local.services.airflow_rest import AirflowRest

_HOST = "127.0.0.1"
# the api-server reads the logs from the same disk
_PARTS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
_START_TIMEOUT = 400.0
_STOP_GRACE = 20.0


class Airflow(Service):
    """One Airflow whose whole state is the folder `home` and the PostgreSQL database `metadata_url`.

    `environment` is what its tasks see, such as the loader's settings; an `AIRFLOW__…` in it overrides what is set
    here. With `broker_url`, the address of a Redis, tasks run on `workers` Celery workers, `slots` at once on each,
    instead of in the scheduler's own processes.
    """

    def __init__(
        self,
        home: Path,
        metadata_url: str,
        environment: Mapping[str, str],
        *,
        port: int = 0,
        broker_url: str = "",
        workers: int = 2,
        slots: int = 2,
    ) -> None:
        self.home = home.resolve()
        self._port = port
        self._metadata_url, self._broker_url = metadata_url, broker_url
        self._given = dict(environment)
        self._environment: dict[str, str] = {}
        self._workers = workers if broker_url else 0
        self._slots = slots
        self._processes: dict[str, Process] = {}
        self._sessions: set[int] = set()

    @property
    def url(self) -> str:
        """The address of its UI and its API; with port 0 it is known once started."""
        return f"http://{_HOST}:{self._port}"

    @property
    def username(self) -> str:
        """The name of the user."""
        return USERNAME

    @property
    def password(self) -> str:
        """The password, generated when Airflow is first started in its folder."""
        return str(json.loads(passwords_file(self.home).read_text())[USERNAME])

    @cached_property
    def rest(self) -> AirflowRest:
        """A client of this Airflow, logged in as its user; available after the start, closed by `stop`."""
        return AirflowRest(self.url, USERNAME, self.password)

    def start(self, log: Callable[[str], None] = print) -> Self:
        """Prepare the database, start every part, and wait until all are healthy and the DAGs are read.

        Raises Problem with the end of the log of the part that failed.
        """
        began = time.monotonic()
        self._port = self._port or free_port()
        settings = airflow_environment(self.home, self.url, self._metadata_url, self._broker_url)
        self._environment = settings | self._given
        self.home.mkdir(parents=True, exist_ok=True)
        passwords = passwords_file(self.home)
        if not passwords.exists():
            passwords.touch(mode=0o600)
            passwords.write_text(json.dumps({USERNAME: secrets.token_urlsafe(9)}))
        self._process("db", "migrate").run(_START_TIMEOUT)
        log(f"Airflow: database ready after {time.monotonic() - began:.0f} s")
        try:
            for part in _PARTS:
                self.start_part(part)
            for number in range(1, self._workers + 1):
                self.start_worker(number)
            self._await_health(began + _START_TIMEOUT)
            self.rest.create_pools(json.loads((DAGS / "pools.json").read_text()))
        except BaseException:
            self.stop()
            raise
        log(f"Airflow: healthy after {time.monotonic() - began:.0f} s at {self.url}")
        return self

    def start_part(self, name: str) -> None:
        """Start one of the parts, as `start` does; also after `kill_part`."""
        self._keep(name, self._process(name, *_PARTS[name]))

    def start_worker(self, number: int) -> None:
        """Start a Celery worker, `worker-1`, `worker-2` and so on."""
        name = f"worker-{number}"
        options = ("-H", f"{name}@%h", "-c", str(self._slots), "--skip-serve-logs")
        self._keep(name, self._process("celery", "worker", *options, log=name))

    def dead_parts(self) -> list[str]:
        """Return the parts and workers that were started and have ended."""
        return [name for name, process in self._processes.items() if not process.pid]

    def restart(self, name: str) -> None:
        """Start a part or worker that has ended, after what it left running."""
        process = self._processes[name]
        process.kill()
        if process.leader:
            _kill_sessions({process.leader})
        self._keep(name, process)

    def kill_part(self, name: str) -> None:
        """Kill a part, or a worker with the tasks it runs, as a crash of its machine would."""
        session = self.session(name)
        self._processes.pop(name).kill()
        _kill_sessions(session)

    def session(self, name: str) -> set[int]:
        """Return the session of a part or worker and of the tasks it runs; empty when it has ended."""
        pid = self._processes[name].pid
        return {pid} if pid else set()

    def backfill(self, dag_id: str, first: Hour, last: Hour, log: Callable[[str], None] = print) -> dict[str, str]:
        """Backfill the hours `first` to `last` as a person would, and return how each hour's run ended."""
        return self.rest.backfill(dag_id, first, last, log)

    def stop(self) -> None:
        """Ask every part to end, then kill what is left of them, tasks included; harmless when none runs."""
        if "rest" in self.__dict__:
            self.rest.close()
            del self.rest
        leaders = [psutil.Process(process.pid) for process in self._processes.values() if process.pid]
        for leader in leaders:
            leader.terminate()
        psutil.wait_procs(leaders, _STOP_GRACE)
        for process in self._processes.values():
            process.kill()
        _kill_sessions(self._sessions)
        self._processes.clear()
        self._sessions.clear()

    def _process(self, *arguments: str, log: str = "") -> Process:
        command = [sys.executable, "-P", "-m", "airflow", *arguments]
        output = self.home / "output" / f"{log or arguments[0]}.log"
        return Process(f"airflow {arguments[0]}", command, self._environment, output)

    def _keep(self, name: str, process: Process) -> None:
        self._processes[name] = process.start()
        if process.pid:
            self._sessions.add(process.pid)

    def _await_health(self, deadline: float) -> None:
        rest, expected = self.rest, {path.stem for path in DAGS.glob("[!_]*.py")}
        while set(rest.health().values()) != {"healthy"} or not expected <= rest.dags():
            for name, process in self._processes.items():
                if not process.pid:
                    raise process.failure(f"{name} ended while Airflow was starting")
            for file, error in rest.import_errors().items() if rest.health() else ():
                raise Problem(f"Airflow cannot read {file}:\n{error}", "Correct that file and start again")
            if time.monotonic() > deadline:
                raise Problem(
                    f"Airflow is not healthy after {_START_TIMEOUT:g} s: {rest.health() or 'no answer'}",
                    f"Read the logs in {self.home / 'output'}",
                )
            time.sleep(0.3)


def members(sessions: set[int]) -> Iterator[int]:
    """Yield the running processes of these sessions: a task moves to a process group of its own, but not to a session.

    One that has ended and whose parent has not asked for its status yet does not run.
    """
    for pid in psutil.pids():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):  # it has ended
            if os.getsid(pid) in sessions and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                yield pid


def _kill_sessions(sessions: set[int]) -> None:
    """Kill every process of these sessions, also what one of them starts meanwhile, and wait until none runs."""
    deadline = time.monotonic() + _STOP_GRACE
    while (running := list(members(sessions))) and time.monotonic() < deadline:
        for pid in running:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
