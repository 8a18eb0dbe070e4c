"""What a person does in the Airflow UI, by its REST API: unpause a DAG, trigger it, backfill it, follow it."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import attrgetter
from typing import Any

import httpx

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour, hours
from tidemark.storage.failures import failure_of

Json = dict[str, Any]
ENDED = frozenset({"success", "failed"})
_LOGGED_OUT = frozenset({401, 403})  # not logged in yet, or the token has expired or is of an earlier start
_PAGE = 100
_POLL = 0.3


class AirflowRest:
    """A client of one Airflow, logged in as one person. Raises Problem when the server refuses a request."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60.0, trust_env=False)
        self._login = {"username": username, "password": password}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> dict[str, str]:
        """Return the state of each part of Airflow, such as `{"scheduler": "healthy"}`; empty while it starts.

        It also asks the execution API, which tasks use: its first answer takes longer than tasks wait.
        """
        try:
            answer = self._http.get("/api/v2/monitor/health").json() | self._http.get("/execution/health").json()
        except (httpx.HTTPError, ValueError):
            return {}
        return {part: state["status"] or "starting" for part, state in answer.items() if isinstance(state, dict)}

    def dags(self) -> set[str]:
        """Return the names of the DAGs that Airflow has read."""
        return {dag["dag_id"] for dag in self.get("/dags", limit=_PAGE)["dags"]}

    def import_errors(self) -> dict[str, str]:
        """Return what Airflow could not read, by file."""
        return {error["filename"]: error["stack_trace"] for error in self.get("/importErrors")["import_errors"]}

    def create_pools(self, pools: dict[str, Json]) -> None:
        """Create the pools that do not exist; a task whose pool is missing is never run."""
        there = {pool["name"] for pool in self.get("/pools", limit=_PAGE)["pools"]}
        for name in pools.keys() - there:
            self._ask("POST", "/pools", json={"name": name, **pools[name]})

    def unpause(self, dag_id: str) -> None:
        """Unpause a DAG; the runs of a paused one stay queued."""
        self._ask("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, *, partition_key: str | None = None, **params: Any) -> str:
        """Start a run of a DAG by its form, or for one partition, and return the run's id."""
        body = {"logical_date": None, "partition_key": partition_key, "conf": params}
        return str(self._ask("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> Json:
        """Return a run as Airflow describes it."""
        return self.get(f"/dags/{dag_id}/dagRuns/{run_id}")

    def task(self, dag_id: str, run_id: str, task_id: str) -> Json:
        """Return a run's task as Airflow describes it, with its `state` and `try_number`."""
        return self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")

    def runs(self, dag_id: str, **filters: Any) -> Iterator[Json]:
        """Yield the runs of a DAG, newest first."""
        while True:
            seen = filters.setdefault("offset", 0)
            page = self.get(f"/dags/{dag_id}/dagRuns", limit=_PAGE, order_by="-id", **filters)["dag_runs"]
            yield from page
            if len(page) < _PAGE:
                return
            filters["offset"] = seen + _PAGE

    def wait(self, dag_id: str, run_id: str, timeout: float = 300.0) -> str:
        """Wait until a run has ended and return its state. Raises Problem after `timeout` seconds."""
        return self.wait_all(dag_id, [run_id], lambda _: None, timeout)[run_id]

    def await_task(self, dag_id: str, run_id: str, task_id: str, state: str, timeout: float = 180.0) -> None:
        """Wait until a run's task is in a state, such as `deferred`. Raises Problem after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (at := self.task(dag_id, run_id, task_id)["state"]) != state:
            if time.monotonic() > deadline:
                raise Problem(f"{task_id} of {run_id} is {at}, not {state}, after {timeout:g} s", self._look_at(dag_id))
            time.sleep(_POLL)

    def wait_all(
        self, dag_id: str, run_ids: list[str], ended: Callable[[Json], None], timeout: float
    ) -> dict[str, str]:
        """Wait until all runs have ended, calling `ended` once with each, and return their states by run id."""
        states: dict[str, str] = {}
        deadline = time.monotonic() + timeout
        while len(states) < len(run_ids):
            for run in [run for run in self.runs(dag_id) if run["dag_run_id"] in run_ids]:
                if run["state"] in ENDED and run["dag_run_id"] not in states:
                    states[run["dag_run_id"]] = run["state"]
                    ended(run)
            if time.monotonic() > deadline:
                late = len(run_ids) - len(states)
                raise Problem(f"{late} of {len(run_ids)} runs of {dag_id} have not ended after {timeout:g} s",
                              self._look_at(dag_id))  # fmt: skip
            time.sleep(_POLL)
        return states

    def backfill(
        self, dag_id: str, first: Hour, last: Hour, log: Callable[[str], None], timeout: float = 600.0, **options: Any
    ) -> dict[str, str]:
        """Create a backfill of the hours `first` to `last`, follow it to its end, and return each hour's state.

        `options` are those of Airflow's backfill, such as `run_backwards`, `reprocess_behavior` and
        `max_active_runs`. An hour that already has a run keeps it, unless `reprocess_behavior` says otherwise.
        """
        self.unpause(dag_id)
        # in Airflow 3.2 the dates of a backfill are those at which its runs are due: when the hours end
        due_at = attrgetter("end" if self.get("/version")["version"].startswith("3.2.") else "start")
        dates = {"from_date": due_at(first).isoformat(), "to_date": due_at(last).isoformat()}
        self._ask("POST", "/backfills", json={"dag_id": dag_id, **dates, **options})
        wanted = [hour.key for hour in hours(first, last)]
        runs = {run["dag_run_id"]: run["partition_key"] for run in self.runs(dag_id) if run["partition_key"] in wanted}
        log(f"backfill of {dag_id}: {len(runs)} hours, {first} to {last}")
        states = self.wait_all(dag_id, list(runs), lambda run: log(_line(run)), timeout)
        self.end_backfills(dag_id)
        return {runs[run_id]: states[run_id] for run_id in reversed(list(runs))}

    def end_backfills(self, dag_id: str) -> None:
        """End a DAG's finished backfill: Airflow does it up to 30 s later, and refuses the next one until then."""
        for backfill in self.get("/backfills", dag_id=dag_id)["backfills"]:
            if not backfill["completed_at"]:
                with suppress(Problem):  # Airflow has ended it
                    self._ask("PUT", f"/backfills/{backfill['id']}/cancel")

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "report", map_index: int = -1) -> Any:
        """Return a value that a task pushed; `map_index` counts the instances of a mapped task."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.get(path, deserialize=True, map_index=map_index)["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> str:
        """Return what a task's attempt printed."""
        content = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}")["content"]
        return "\n".join(_logged(line) for line in content)

    def get(self, path: str, **query: Any) -> Json:
        """Return the answer to a GET of a path of the API."""
        return self._ask("GET", path, params=query)

    def _ask(self, method: str, path: str, **rest: Any) -> Json:
        answer = self._send(method, f"/api/v2{path}", **rest)
        if answer.status_code in _LOGGED_OUT:
            token = self._checked(self._send("POST", "/auth/token", json=self._login))["access_token"]
            self._http.headers["Authorization"] = f"Bearer {token}"
            answer = self._send(method, f"/api/v2{path}", **rest)
        return self._checked(answer)

    def _send(self, method: str, path: str, **rest: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **rest)
        except httpx.HTTPError as error:
            failure = failure_of(error)
            why = failure.what if failure else type(error).__name__
            raise Problem(f"Airflow at {self._http.base_url} does not answer: {why}",
                          "See whether it runs: tidemark status --local") from error  # fmt: skip

    def _look_at(self, dag_id: str) -> str:
        return f"Look at {self._http.base_url}/dags/{dag_id}"

    def _checked(self, answer: httpx.Response) -> Json:
        if answer.is_error:
            raise Problem(
                f"Airflow answered {answer.status_code} to {answer.request.method} {answer.request.url.path}: "
                f"{answer.text[:500]}",
                f"Look at {self._http.base_url}",
            )
        return dict(answer.json())


def _logged(line: Json) -> str:
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in line.get("error_detail") or ()]
    return "\n".join([line["event"], *errors])


def _line(run: Json) -> str:
    return f"  {run['partition_key']}  {run['state']}  {run['duration']:.1f} s"
