"""Ask OpenSea's Events API for what no collector covered, archive the answers, and load the hours they belong to."""

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
Takes the gaps of the loaded hours, the newest first, asks the Events API for their sales within its rate limits and
within a budget of requests per run, and archives them as one more collector (`collector=events-api-…`). Loading those
hours marks the gaps as repaired. A run looks back a week; for more, name a range in the form.

Without `OPENSEA_API_KEY` nothing is asked: the gaps stay visible in `ops.gap`, `load` is skipped and the run is green.
What a run asked, and what it learnt, is in its log and in the XCom `report`. An event that cannot be read is set aside
alone (`ops.quarantine`); its gap stays open, with the number of events set aside beside it.

## When red
- `repair`: the key was refused, the API gave no usable answer to any question, or the archive could not be written. The
  log says which. What was archived before that stays, and the next run goes on from there.
- `load`: as in `load_sales`, for the hour that the task's name shows. `reconcile_archive` tries again as well.
"""

with DAG(
    "repair_gaps",
    description=__doc__,
    doc_md=DOC,
    schedule="15 * * * *",
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["tidemark", "healing"],
    params=look_back_form(),
):

    @task(**RETRIES)
    def repair(params: dict[str, Any], dag_run: DagRunProtocol, ti: Any) -> list[str]:
        """Repair what is open and name the hours to load again."""
        from tidemark.loader.repair.gaps import repair_gaps

        with fail_with_hint():
            settings = loader_settings(log=LOG.info)
            looked_at = settled_hours(params, dag_run.run_after, settings.grace_period)
            report = repair_gaps(settings, looked_at[0], looked_at[-1])
            ti.xcom_push("report", asdict(report))
            if not report.hours:
                report.check()
        return report.hours

    LoadHours.partial(task_id="load", map_index_template="{{ task.hour }}", **LOADING).expand(hour=repair())
