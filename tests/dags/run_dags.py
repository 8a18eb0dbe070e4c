"""Run DAGs in this one process, without a scheduler.

`python -m tests.dags.run_dags '[["load_sales", {"hour": "2026-11-20T05"}]]'` runs each with its form filled in that way
and prints the states of the run and of its tasks, and what the metadata of its assets' events is about, one JSON
object a line.
"""

import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.utils.session import create_session
from sqlalchemy import select

if __name__ == "__main__":
    bag = DagBag(str(Path(__file__).parents[2] / "dags"), bundle_name="dags-folder")
    for name, form in json.loads(sys.argv[1]):
        run = bag.dags[name].test(run_conf=form)
        tasks = {f"{task.task_id}[{task.map_index}]": task.state for task in run.get_task_instances()}
        of_run = select(AssetEvent).where(AssetEvent.source_dag_id == name, AssetEvent.source_run_id == run.run_id)
        with create_session() as session:
            events = sorted(",".join(event.extra) for event in session.scalars(of_run))
        print(json.dumps({"dag": name, "state": run.state, "tasks": tasks, "events": events}))
