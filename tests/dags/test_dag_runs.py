"""Each DAG run for real in one process, against a real warehouse and archive and a stand-in of the Events API."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from tests.dags.archived import archive_hour
from tests.loader.transform.messages import sold
from tidemark.core.hour import Hour, hours
from tidemark.core.timestamps import format_timestamp
from tidemark.simulator.server import Simulator

if TYPE_CHECKING:
    from tidemark.local.services.s3 import S3Server

FIRST, SILENT = Hour.parse("2026-11-20T05"), Hour.parse("2026-11-20T08")
pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


@pytest.fixture
def environment(tmp_path: Path, warehouse_url: str, bucket: str, simulator: Simulator) -> dict[str, str]:
    """What a worker's environment holds, and an Airflow home with a metadata database of its own."""
    own = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
           "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parents[2] / "dags"),
           "TIDEMARK_WAREHOUSE_URL": warehouse_url, "TIDEMARK_BUCKET": bucket, "TIDEMARK_COLLECTORS": "collector-a",
           "TIDEMARK_API_URL": simulator.api_url, "OPENSEA_API_KEY": "key-a",
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


def sale_in(hour: Hour) -> bytes:
    at = format_timestamp(hour.start + timedelta(minutes=10))
    message = sold(closing_date=at, event_timestamp=at, transaction={"hash": f"0x{1:064x}", "timestamp": at})
    return json.dumps(message | {"sent_at": at}).encode()


async def test_each_dag_does_its_part(
    environment: dict[str, str], s3_server: "S3Server", bucket: str, warehouse_url: str, simulator: Simulator
) -> None:
    for hour in hours(FIRST, SILENT.previous()):
        archive_hour(s3_server.client(), bucket, hour, sales=2)
    simulator.send(sale_in(SILENT))
    rest = {"hour": FIRST.key, "last_hour": SILENT.key}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("load_sales", {"hour": FIRST.key}),
        ("load_sales", {"hour": FIRST.key, "last_hour": FIRST.next().key}),
        ("reconcile_archive", rest),
        ("reconcile_archive", rest),
        ("repair_gaps", rest),
        ("repair_gaps", rest),
        ("audit_hours", rest),
        ("audit_hours", rest),
        ("daily_marts", {}),
    ]
    await asyncio.to_thread(python, environment, "airflow", "db", "migrate")
    lines = await asyncio.to_thread(python, environment, "tests.dags.run_dags", json.dumps(asked))
    runs = [json.loads(line) for line in lines if line.startswith('{"dag"')]
    assert [run["state"] for run in runs] == ["success"] * len(asked)
    assert [run["tasks"] for run in runs] == [
        {"load[-1]": "success", "load_range[-1]": "skipped"},
        {"load[-1]": "success", "load_range[0]": "success", "load_range[1]": "success"},
        {"find[-1]": "success", "load[0]": "success", "load[1]": "success"},
        {"find[-1]": "success", "load[-1]": "skipped"},
        {"repair[-1]": "success", "load[0]": "success"},
        {"repair[-1]": "success", "load[-1]": "skipped"},
        {"audit[-1]": "success"} | {f"load[{number}]": "success" for number in range(4)},
        {"audit[-1]": "success", "load[-1]": "skipped"},
        {"score[-1]": "success"},
    ]
    keys = [hour.key for hour in hours(FIRST, SILENT)]
    assert [run["events"] for run in runs] == [
        keys[:1], keys[:2], keys[2:], [], keys[3:], [], keys, [], ["days"] * 3
    ]  # fmt: skip
    assert count(warehouse_url, "core.sale") == 7
    assert count(warehouse_url, "ops.gap WHERE reason = 'no_manifest' AND recovered = 1") == 1
    assert count(warehouse_url, "mart.hour_quality WHERE audited_share = 1") == 4
    assert count(warehouse_url, "mart.collection_daily") == 1
    assert count(warehouse_url, "mart.stale_day") == 0
