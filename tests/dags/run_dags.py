"""Run DAGs in this one process, without a scheduler.

`python -m tests.dags.run_dags '[["load_sales", {"hour": "2026-11-20T05"}]]'` runs each with its form filled in that way
and prints the states of the run and of its tasks, one JSON object a line.
"""

import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

if __name__ == "__main__":
    bag = DagBag(str(Path(__file__).parents[2] / "dags"), bundle_name="dags-folder")
    for name, form in json.loads(sys.argv[1]):
        run = bag.dags[name].test(run_conf=form)
        tasks = {f"{task.task_id}[{task.map_index}]": task.state for task in run.get_task_instances()}
        print(json.dumps({"dag": name, "state": run.state, "tasks": tasks}))
