"""What runs before Airflow's services on its machine: its database is made once, and found the next time."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

SETUP = Path(__file__).parents[2] / "deploy" / "lib" / "airflow-setup"


@pytest.mark.postgres
def test_a_second_start_finds_the_database_that_the_first_one_made(postgres_url: str, tmp_path: Path) -> None:
    for name in ("airflow", "tidemark"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{tmp_path}/ran\n')
        (tmp_path / name).chmod(0o755)
    (tmp_path / "python").symlink_to(sys.executable)
    told = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "AIRFLOW_HOME": str(tmp_path / "airflow-home"),
        "AIRFLOW__CORE__DAGS_FOLDER": "/dags",
        "TIDEMARK_WAREHOUSE_URL": postgres_url,
    }
    for _ in range(2):
        subprocess.run([SETUP], env={**os.environ, **told}, check=True)
    steps = ["tidemark migrate", "airflow db migrate", "airflow pools import /dags/pools.json"]
    assert (tmp_path / "ran").read_text().splitlines() == steps * 2
    connection = psycopg2.connect(postgres_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname = 'airflow'")
        assert cursor.fetchone() == (1,)
    connection.close()
