"""Score each day that loads have changed: wash-trade flags and the daily tables that analysts read."""

from typing import Any

from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowSkipException

from tidemark.airflow.assets import DAILY, SALES
from tidemark.airflow.connections import loader_settings
from tidemark.airflow.faults import LOG, RETRIES, fail_with_hint
from tidemark.airflow.load_hours import POOL
from tidemark.airflow.notifier import DEFAULTS

DOC = """
Rebuilds the daily tables (`mart.sale_flags`, `mart.collection_daily`, `mart.wallet_daily`) of every day that a load
has changed since it was last scored, however old: a backfilled or repaired day is scored again by the next run. It runs
each hour, after the loads, the repairs and the reconciliation; with nothing changed it is skipped. Each table is an
asset (`collection_daily`, `wallet_daily`, `sale_flags`) that is updated when at least one day was scored.
Hourly tables need no run: each load refreshes them itself.

## When red
The log names the day and the statement. Days before it are done, that day and those after it are unchanged; after the
fault is put right, clear the task or wait for the next run.
"""

with DAG(
    "daily_marts",
    description=__doc__,
    doc_md=DOC,
    # not on the asset `sales`: its events have partitions, and those start no DAG without; a check costs little
    schedule="45 * * * *",
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["tidemark", "daily"],
):

    @task(pool=POOL, inlets=[SALES], outlets=DAILY, **RETRIES)
    def score(outlet_events: Any) -> list[str]:
        """Score the changed days, oldest first, and name them; the assets are updated only where there are any."""
        from tidemark.loader.marts import refresh_days

        with fail_with_hint():
            url = loader_settings(log=LOG.info).warehouse_url
            days = [day.isoformat() for day in refresh_days(url)]
        if not days:
            raise AirflowSkipException("no day has changed")
        for table in DAILY:
            outlet_events[table].extra = {"days": days}
        return days

    score()  # type: ignore[call-arg, misc]  # Airflow passes the events
