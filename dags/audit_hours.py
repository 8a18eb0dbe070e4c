"""Compare settled hours with OpenSea's Events API, covered or not, and load what the stream never sent."""

from dataclasses import asdict
from typing import Any

from airflow.sdk import DAG, task
from airflow.sdk.types import DagRunProtocol

from tidemark.airflow.connections import loader_settings
from tidemark.airflow.faults import LOG, RETRIES, fail_with_hint
from tidemark.airflow.load_hours import LOADING, LoadHours
from tidemark.airflow.notifier import DEFAULTS
from tidemark.airflow.run_hours import look_back_form, settled_hours

DOC = """
Asks the Events API for all sales of each hour that ended over two hours ago (`TIDEMARK_AUDIT_DELAY`) and was not
audited yet, and archives them as one more collector (`collector=events-api-audit-…`). Loading those hours adds what the
stream never sent and writes into `mart.hour_quality` how many sales the API knows, who received them, and the measured
loss of the stream with its interval (`docs/coverage.md`). A run looks back a week; for more, name a range in the form.

The newest hour comes first. A run makes at most `TIDEMARK_AUDIT_REQUESTS` requests; where that is not enough for all,
it asks for a random sample, and `ops.audit_draw` says which. Without `OPENSEA_API_KEY` nothing is asked, `load` is
skipped and the run is green.

## When red
- `audit`: the key was refused, the API gave no usable answer, or the archive could not be written. The log says which.
  What was archived before that stays; the other hours stay due.
- `load`: as in `load_sales`, for the hour that the task's name shows. `reconcile_archive` tries again as well.
"""

with DAG(
    "audit_hours",
    description=__doc__,
    doc_md=DOC,
    schedule="35 * * * *",
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["tidemark", "healing"],
    params=look_back_form(),
):

    @task(**RETRIES)
    def audit(params: dict[str, Any], dag_run: DagRunProtocol, ti: Any) -> list[str]:
        """Ask about the hours that are due and name those to load again."""
        from tidemark.loader.repair.audit import audit_hours

        with fail_with_hint():
            settings = loader_settings(log=LOG.info)
            hours = settled_hours(params, dag_run.run_after, settings.grace_period)
            report = audit_hours(settings, hours[0], hours[-1])
            ti.xcom_push("report", asdict(report))
            report.check()
        return report.hours

    LoadHours.partial(task_id="load", map_index_template="{{ task.hour }}", **LOADING).expand(hour=audit())
