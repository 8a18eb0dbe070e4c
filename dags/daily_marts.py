"""Score each day that loads have changed: wash-trade flags and the daily tables that analysts read."""

from airflow.sdk import DAG, task

from tidemark.airflow.faults import RETRIES, fail_with_hint
from tidemark.airflow.load_hours import POOL
from tidemark.airflow.notifier import DEFAULTS

DOC = """
Rebuilds the daily tables (`mart.sale_flags`, `mart.collection_daily`, `mart.wallet_daily`) of every day that a load
has changed since it was last scored, however old: a backfilled or repaired day is scored again by the next run. It runs
each hour, after the loads, the repairs and the reconciliation; with nothing changed it has nothing to do.
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

    @task(pool=POOL, **RETRIES)
    def score() -> list[str]:
        """Score the changed days, oldest first, and name them."""
        from tidemark.loader.marts import refresh_days
        from tidemark.loader.settings import WarehouseSettings

        with fail_with_hint():
            return [day.isoformat() for day in refresh_days(WarehouseSettings().warehouse_url)]

    score()
