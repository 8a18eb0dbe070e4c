"""The settings of a local Airflow: all by environment variables, none from the machine's own Airflow."""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url

from tidemark.core.hour import Hour
from tidemark.storage.files import shipped

DAGS = shipped("dags")
USERNAME = "admin"
_FROM_MACHINE = ("PATH", "HOME", "LANG", "TMPDIR")


def passwords_file(home: Path) -> Path:
    """Return the file with the passwords."""
    return home / "passwords.json"


def airflow_environment(home: Path, url: str, metadata_url: str, broker_url: str = "") -> dict[str, str]:
    """Return the environment of every part of the Airflow at `url`, such as http://127.0.0.1:8080.

    With `broker_url`, the address of a Redis, tasks are for Celery workers.
    """
    host, _, port = url.removeprefix("http://").rpartition(":")
    # by default SQLAlchemy takes psycopg 3, which is not installed everywhere
    database = make_url(metadata_url).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    options: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": DAGS,
            "load_examples": False,
            "executor": "CeleryExecutor" if broker_url else "LocalExecutor",
            "parallelism": 8,
            "execution_api_server_url": f"{url}/execution/",
            "simple_auth_manager_users": f"{USERNAME}:admin",
            "simple_auth_manager_passwords_file": passwords_file(home),
        },
        "database": {"sql_alchemy_conn": database, "load_default_connections": False},
        "api": {"host": host, "port": port, "base_url": url},
        "api_auth": {"jwt_secret": secrets.token_urlsafe(64)},
        # short tasks: schedule the next one at once, and notice a dead worker within a minute
        "scheduler": {
            "scheduler_idle_sleep_time": 0.1,
            "orphaned_tasks_check_interval": 15,
            "task_instance_heartbeat_timeout": 30,
            "task_queued_timeout": 60,
            "task_queued_timeout_check_interval": 15,
            "num_stuck_in_queued_retries": 10,
        },
        # seconds for which a task keeps its slot when its end was missed
        "workers": {"min_heartbeat_interval": 1},
        "usage_data_collection": {"enabled": False},
    }
    if broker_url:
        options["celery"] = {"broker_url": broker_url, "result_backend": f"db+{database}"}
    settings = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": str(value)
        for section, values in options.items()
        for name, value in values.items()
    }
    machine = {name: os.environ[name] for name in _FROM_MACHINE if name in os.environ}
    # earlier hours are loaded only on request
    from_now = {"TIDEMARK_FIRST_HOUR": Hour.of(datetime.now(UTC)).key}
    return machine | settings | from_now | {"AIRFLOW_HOME": str(home), "PYTHONSAFEPATH": "1"}
