"""Each DAG run for real in one process, against a real warehouse and archive."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from archive.hour import Hour
from tests.dags.archived import archive_hour

if TYPE_CHECKING:
    from local.s3 import S3Server

HOUR = Hour.parse("2026-11-20T05")
pytestmark = pytest.mark.airflow


@pytest.fixture
def environment(tmp_path: Path, warehouse_url: str, bucket: str) -> dict[str, str]:
    """What a worker's environment holds, and an Airflow home with a metadata database of its own."""
    own = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
           "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parents[2] / "dags"),
           "TIDEMARK_WAREHOUSE_URL": warehouse_url, "TIDEMARK_BUCKET": bucket, "TIDEMARK_COLLECTORS": "collector-a",
           "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False"}  # fmt: skip
    return dict(os.environ) | own


def python(environment: dict[str, str], *arguments: str) -> list[str]:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.splitlines()


def count(url: str, table: str) -> int:
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        found: int = cursor.fetchone()[0]
    connection.close()
    return found


def test_each_dag_does_its_part(
    environment: dict[str, str], s3_server: "S3Server", bucket: str, warehouse_url: str
) -> None:
    hours = [HOUR, HOUR.next(), HOUR.next().next()]
    for hour in hours:
        archive_hour(s3_server.client(), bucket, hour, sales=2)
    one, rest = {"hour": hours[0].key}, {"hour": hours[0].key, "last_hour": hours[2].key}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("load_sales", one),
        ("reconcile_archive", rest),
        ("reconcile_archive", rest),
        ("repair_gaps", rest),
        ("daily_marts", {}),
    ]
    python(environment, "airflow", "db", "migrate")
    runs = [json.loads(line) for line in python(environment, "tests.dags.run_dags", json.dumps(asked))
            if line.startswith('{"dag"')]  # fmt: skip
    assert [run["state"] for run in runs] == ["success"] * len(asked)
    assert runs[0]["tasks"] == {"load[-1]": "success"}
    assert runs[1]["tasks"] == {"find[-1]": "success", "load[0]": "success", "load[1]": "success"}
    assert runs[2]["tasks"] == {"find[-1]": "success", "load[-1]": "skipped"}
    assert runs[3]["tasks"] == {"repair[-1]": "success", "load[-1]": "skipped"}
    assert runs[4]["tasks"] == {"judge[-1]": "success"}
    assert count(warehouse_url, "core.sale") == 6
    assert count(warehouse_url, "mart.collection_daily") == 1
    assert count(warehouse_url, "mart.stale_day") == 0
