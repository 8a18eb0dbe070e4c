"""An Airflow of another project, with Tidemark's DAGs beside its own: `python foreign.py WAY HOUR` in its home.

WAY is how Airflow reads our DAGs: `bundle`, `link` or `file`. It prints, as one JSON object, what Airflow could not
import, the ids of all DAGs, and the states of a run of `load_sales` for HOUR and of one of its own DAG.
"""

import json
import os
import sys
from pathlib import Path

OWN = {
    "dags/__init__.py": "",
    "dags/helpers.py": "TABLE = 'orders'\n",
    "sql.py": "QUERY = 'SELECT 1'\n",
    "collector.py": "NAME = 'of the orders'\n",
    "orders.py": """
from airflow.sdk import DAG, Asset, task
from collector import NAME
from dags.helpers import TABLE
from sql import QUERY

with DAG("orders", schedule=[Asset.ref(name="collection_daily")]):

    @task
    def count():
        assert (NAME, TABLE, QUERY) == ("of the orders", "orders", "SELECT 1")

    count()
""",
}
# as docs/airflow-existing.md has it for Amazon MWAA
FILE = '''"""Tidemark's DAGs, read from its package."""

from runpy import run_path

from airflow.sdk import DAG
from tidemark.storage.files import shipped

for file in sorted(shipped("dags").glob("*.py")):
    run_path(str(file))
'''


def main(way: str, hour: str) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models import Connection
    from airflow.utils.session import create_session

    from tidemark.storage.files import shipped

    folder = Path(os.environ["AIRFLOW_HOME"]) / "dags"
    for name, text in OWN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    if way == "link":
        (folder / "tidemark_dags").symlink_to(shipped("dags"))
    if way == "file":
        (folder / "tidemark_dags.py").write_text(FILE)
    with create_session() as session:
        warehouse = json.loads(os.environ.pop("WAREHOUSE"))
        session.add(Connection(conn_id="tidemark_warehouse", conn_type="postgres", **warehouse))

    sys.path.insert(0, str(folder))  # as Airflow does
    bags = [DagBag(str(folder), bundle_name="dags-folder")]
    if way == "bundle":
        bags.append(DagBag(str(shipped("dags")), bundle_name="tidemark"))
    dags = {name: dag for bag in bags for name, dag in bag.dags.items()}
    states = {
        "load_sales": dags["load_sales"].test(run_conf={"hour": hour}).state,
        "orders": dags["orders"].test().state,
    }
    errors = {file: error for bag in bags for file, error in bag.import_errors.items()}
    print(json.dumps({"errors": errors, "dags": sorted(dags), "states": states}))


if __name__ == "__main__":
    sys.path.pop(0)  # this file's own folder, which no Airflow would have there
    main(*sys.argv[1:])
