"""Tidemark in an Airflow that is there already: with its own DAG folder and connections, and no variables of ours.

`TIDEMARK_FOREIGN_PYTHON` names the Python of another Airflow; `make airflow-versions` sets it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
from sqlalchemy import make_url

from tests.airflow.foreign import FILE
from tests.dags.archived import archive_hour
from tidemark.core.hour import Hour
from tidemark.storage.files import shipped

if TYPE_CHECKING:
    from tidemark.local.services.s3 import S3Server

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("TIDEMARK_FOREIGN_PYTHON", sys.executable)
HOUR = Hour.parse("2026-11-20T05")
OURS = ["audit_hours", "daily_marts", "load_sales", "reconcile_archive", "repair_gaps"]
pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


def run(environment: dict[str, str], *arguments: str | Path) -> str:
    done = subprocess.run(
        [PYTHON, "-P", *arguments], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


# one way in the suite: each takes half a minute; the others by `make airflow-versions`
@pytest.mark.parametrize("way", ["bundle", "link", "file"] if "TIDEMARK_FOREIGN_PYTHON" in os.environ else ["file"])
def test_both_sides_run_side_by_side(
    tmp_path: Path, s3_server: "S3Server", bucket: str, warehouse_url: str, way: str
) -> None:
    archive_hour(s3_server.client(), bucket, HOUR, sales=2)
    url = make_url(warehouse_url)
    extra = {**url.query}
    warehouse = {"host": url.host or extra.pop("host"), "port": url.port, "login": url.username, "schema": url.database,
                 "password": url.password, "extra": json.dumps(extra)}  # fmt: skip
    access = {"endpoint_url": s3_server.endpoint, "region_name": "us-east-1"}
    environment = {
        "PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps({"conn_type": "aws", "login": "k", "password": "s", "extra": access}),
        "TIDEMARK_BUCKET": bucket,
        "TIDEMARK_COLLECTORS": "collector-a",
        "WAREHOUSE": json.dumps(warehouse),
    }
    if way == "bundle":
        local = "airflow.dag_processing.bundles.local.LocalDagBundle"
        bundles = [{"name": "dags-folder", "classpath": local, "kwargs": {}},
                   {"name": "tidemark", "classpath": local, "kwargs": {"path": str(shipped("dags"))}}]  # fmt: skip
        environment["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(bundles)
    run(environment, "-m", "airflow", "db", "migrate")
    found = json.loads(run(environment, ROOT / "tests/airflow/foreign.py", way, HOUR.key).splitlines()[-1])
    assert found["errors"] == {}
    assert found["dags"] == sorted([*OURS, "orders"])
    assert found["states"] == {"load_sales": "success", "orders": "success"}
    connection = psycopg2.connect(warehouse_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core.sale")
        assert cursor.fetchone() == (2,)
    connection.close()


def test_the_file_for_mwaa_is_the_one_of_the_page() -> None:
    assert FILE in (ROOT / "docs" / "airflow-existing.md").read_text()
