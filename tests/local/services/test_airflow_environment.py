from pathlib import Path

import pytest

from tidemark.local.services.airflow_environment import DAGS, airflow_environment, passwords_file

URL, DATABASE = "http://127.0.0.1:4711", "postgresql://tidemark:secret@127.0.0.1:5432/airflow"


def test_every_part_gets_all_addresses() -> None:
    told = airflow_environment(Path("/home"), URL, DATABASE)
    assert told["AIRFLOW_HOME"] == "/home"
    assert told["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert told["AIRFLOW__API__PORT"] == "4711"
    assert told["AIRFLOW__CORE__DAGS_FOLDER"] == str(DAGS)
    assert told["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"] == str(passwords_file(Path("/home")))
    assert told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == DATABASE.replace("://", "+psycopg2://", 1)


def test_tasks_run_beside_the_scheduler_or_on_celery_workers() -> None:
    alone, shared = (airflow_environment(Path("/home"), URL, DATABASE, broker) for broker in ("", "redis://h:1/0"))
    assert alone["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert not [name for name in alone if "CELERY" in name]
    assert shared["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert shared["AIRFLOW__CELERY__BROKER_URL"] == "redis://h:1/0"


def test_nothing_of_the_machines_own_settings_comes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "True")
    monkeypatch.setenv("OPENSEA_API_KEY", "secret")
    told = airflow_environment(Path("/home"), URL, DATABASE)
    assert told["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert "OPENSEA_API_KEY" not in told


def test_tokens_are_signed_with_a_key_of_their_own_each_time() -> None:
    keys = {airflow_environment(Path("/home"), URL, DATABASE)["AIRFLOW__API_AUTH__JWT_SECRET"] for _ in range(2)}
    assert len(keys) == 2
    assert min(map(len, keys)) >= 64
