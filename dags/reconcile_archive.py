"""Load what the archive holds and the warehouse does not: hours that changed after they were loaded, or never were."""

from typing import Any

from airflow.sdk import DAG, task
from airflow.sdk.types import DagRunProtocol

from tidemark.airflow.connections import loader_settings
from tidemark.airflow.faults import LOG, RETRIES, fail_with_hint
from tidemark.airflow.load_hours import LOADING, LoadHours
from tidemark.airflow.notifier import DEFAULTS
from tidemark.airflow.run_hours import look_back_form, settled_hours

MOST_AT_ONCE = 200

DOC = """
Compares the archive with the warehouse, hour by hour, and loads each hour that differs: a manifest that came after the
grace period, an hour whose load failed, an hour that was never loaded. An hour without any manifest, with recorded
hours before it, becomes a gap. A run looks back a week; for more, name a range in the form. Nothing to load means a
skipped `load` and a green run.

## When red
- `find`: the archive or the warehouse could not be read. The log says which.
- `load`: as in `load_sales`, for the hour that the task's name shows. The other hours are loaded all the same.
"""

with DAG(
    "reconcile_archive",
    description=__doc__,
    doc_md=DOC,
    schedule="30 * * * *",
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["tidemark", "healing"],
    params=look_back_form(),
):

    @task(**RETRIES)
    def find(params: dict[str, Any], dag_run: DagRunProtocol) -> list[str]:
        """Name the hours to load: the newest, those first that can be loaded side by side."""
        from tidemark.loader.hours import spread, stale_hours

        with fail_with_hint():
            settings = loader_settings(log=LOG.info)
            looked_at = settled_hours(params, dag_run.run_after, settings.grace_period)
            stale = stale_hours(settings, looked_at[0], looked_at[-1])
        print(f"{looked_at[0]} to {looked_at[-1]}: {len(stale)} of {len(looked_at)} hours to load")
        return [hour.key for hour in spread(stale[::-1][:MOST_AT_ONCE])]

    LoadHours.partial(task_id="load", map_index_template="{{ task.hour }}", **LOADING).expand(hour=find())
