"""Load the sales of one hour from the archive into the warehouse, as soon as its collectors have reported."""

import os
from datetime import timedelta

from airflow.sdk import DAG, Param

from tidemark.airflow.load_hours import LOADING, LoadHours
from tidemark.airflow.notifier import DEFAULTS
from tidemark.airflow.run_hours import EVERY_HOUR, hour_form
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour

FIRST_HOUR = os.environ.get("TIDEMARK_FIRST_HOUR", "")
SWITCH = {"1": True, "true": True, "yes": True, "": False, "0": False, "false": False, "no": False}
CATCHUP = SWITCH.get(os.environ.get("TIDEMARK_CATCHUP", "").lower())
if CATCHUP is None:
    raise Problem("TIDEMARK_CATCHUP is neither true nor false", "Set it to one of them")

DOC = """
Loads one UTC hour of the archive into the warehouse, in one transaction. The hour is the run's **partition key**
(`2026-11-22T15`), the same for scheduled, triggered and backfilled runs.

**By hand**: *Trigger*, and name an hour or a range in the form. **Many hours**: *Trigger → Backfill*; any length, any
order, in parallel (in Airflow 3.2 its dates are those at which the hours end). Loading an hour twice changes nothing.
The hours of a form's range are loaded in parallel too, one task of `load_range` each, labelled with its hour; in every
other run `load_range` is skipped. A run that was triggered by hand shows its hours as its note.

**Deferred** (violet) means waiting for a collector's manifest, without a worker. When the grace period is over, the
hour is loaded with what is there, and loaded again by `reconcile_archive` when the rest arrives. What no collector has
reported by then is a gap (`no_manifest`), which `repair_gaps` fills.

## When red
Read the last lines of the task's log: they say what happened and what to do.
- *up for retry*: the database or the archive was out of reach. It is tried again for about six hours.
- *failed*: the data or a setting is wrong, and another try would end the same way. Put it right as the log says, then
  clear the task. Nothing was loaded of the hour that failed: an hour is loaded whole or not at all.
- Ask the warehouse whether an hour is loaded (`tidemark coverage`); a green square does not tell.
"""

with DAG(
    "load_sales",
    description=__doc__,
    doc_md=DOC,
    schedule=EVERY_HOUR,
    start_date=Hour.parse(FIRST_HOUR).end if FIRST_HOUR else None,
    catchup=CATCHUP,
    max_active_runs=16,
    dagrun_timeout=timedelta(hours=24),
    default_args=DEFAULTS,
    tags=["tidemark", "hourly"],
    params={
        **hour_form(),
        "force": Param(False, type="boolean", title="Force", description="Load again what has not changed."),
        "collectors": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            title="Collectors",
            description="Load only what these recorded, one per line. Empty: all of them.",
        ),
    },
):
    load = LoadHours(task_id="load", **LOADING)
    LoadHours.partial(task_id="load_range", map_index_template="{{ task.hour }}", **LOADING).expand(hour=load.output)
