"""What holds for every DAG: it can be read quickly, says what it is for, and runs only where it may."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

FOLDER = Path(__file__).parents[2] / "dags"
NAMES = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))


@pytest.fixture(scope="module")
def bag() -> "DagBag":
    from airflow.dag_processing.dagbag import DagBag

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow reads .airflowignore in a way that its library is about to drop
        return DagBag(str(FOLDER), bundle_name="dags")


def test_every_file_is_one_dag_of_its_name(bag: "DagBag") -> None:
    assert bag.import_errors == {}
    assert sorted(bag.dags) == NAMES == ["audit_hours", "daily_marts", "load_sales", "reconcile_archive", "repair_gaps"]


@pytest.mark.parametrize("name", NAMES)
def test_a_person_finds_what_it_does_whose_it_is_and_what_to_do_when_it_is_red(bag: "DagBag", name: str) -> None:
    dag = bag.dags[name]
    assert dag.description
    assert "## When red" in dag.doc_md
    assert "tidemark" in dag.tags
    assert {task.owner for task in dag.tasks} == {"tidemark"}


@pytest.mark.parametrize("name", NAMES)
def test_every_task_tries_again_only_what_is_out_of_reach(bag: "DagBag", name: str) -> None:
    from tidemark.airflow.faults import RETRIES

    for task in bag.dags[name].tasks:
        policy: Any = task.partial_kwargs.get("retry_policy") if task.is_mapped else getattr(task, "retry_policy", None)
        assert type(policy) is type(RETRIES.get("retry_policy"))  # Airflow 3.2 has none
        assert task.retries == RETRIES["retries"]


def test_what_writes_to_the_warehouse_shares_its_pool(bag: "DagBag") -> None:
    pools = {task.pool for dag in bag.dags.values() for task in dag.tasks}
    assert pools == {"default_pool", *json.loads((FOLDER / "pools.json").read_text())}


def test_reading_the_dags_does_no_work() -> None:
    program = f"import sys; sys.path.insert(0, {str(FOLDER)!r}); import {', '.join(NAMES)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    modules = set(done.stdout.split())
    assert {*NAMES, "tidemark.airflow"} <= modules
    assert not {"tidemark.loader", "boto3", "botocore", "psycopg2"} & modules


def test_catching_up_is_on_or_off_and_nothing_else() -> None:
    program = f"import sys; sys.path.insert(0, {str(FOLDER)!r}); import load_sales; print(load_sales.CATCHUP)"

    def read(value: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "TIDEMARK_CATCHUP": value, "TIDEMARK_FIRST_HOUR": "2026-11-20T10"}
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, check=False, capture_output=True, text=True
        )

    assert [read(value).stdout.strip() for value in ("True", "no")] == ["True", "False"]
    assert "TIDEMARK_CATCHUP is neither true nor false" in read("flase").stderr
