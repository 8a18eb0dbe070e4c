"""A person with a shell: Airflow's own commands trigger an hour and backfill a range, as docs/airflow.md says."""

import json
import subprocess
import sys

import pytest

from tests.loading import Loading

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.timeout(900)]


def airflow(loading: Loading, *arguments: str) -> None:
    command = [sys.executable, "-m", "airflow", *arguments]
    done = subprocess.run(command, env=loading.airflow._environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_an_hour_is_loaded_from_a_shell(loading: Loading) -> None:
    (key,) = loading.archive("2026-10-12T05")
    loading.airflow.rest.unpause("load_sales")
    airflow(loading, "dags", "trigger", "load_sales", "--conf", json.dumps({"hour": key}))
    (run,) = [run for run in loading.airflow.rest.runs("load_sales") if run["conf"].get("hour") == key]
    assert loading.airflow.rest.wait("load_sales", run["dag_run_id"]) == "success"
    assert loading.loaded([key]) == {key: 3}


def test_a_range_is_backfilled_from_a_shell(loading: Loading) -> None:
    keys = loading.archive("2026-10-13T22", "2026-10-14T01")
    loading.airflow.rest.unpause("load_sales")
    ends = ("--from-date", "2026-10-13T22:00:00Z", "--to-date", "2026-10-14T01:00:00Z")
    airflow(loading, "backfill", "create", "--dag-id", "load_sales", *ends, "--max-active-runs", "2", "--run-backwards")
    runs = {run["dag_run_id"]: run["partition_key"] for run in loading.airflow.rest.runs("load_sales")}
    wanted = [run_id for run_id, key in runs.items() if key in keys]
    states = loading.airflow.rest.wait_all("load_sales", wanted, lambda _: None, 600)
    loading.airflow.rest.end_backfills("load_sales")
    assert (len(states), set(states.values())) == (4, {"success"})
    assert loading.loaded(keys) == dict.fromkeys(keys, 3)
