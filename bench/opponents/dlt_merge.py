"""Sales as Python dictionaries, merged by dlt. Runs in `.venv-bench`, the address in BENCH_URL.

The statements of BENCH_KEYS, a JSON list, give dlt's table its keys and indexes, once the first sales have made it and
before all are merged. Where BENCH_PROCESSES is more than 1, so many normalize, and sales are in files that they share.
"""

import json
import os
import pickle
import sys
import time
from decimal import Decimal
from pathlib import Path

import dlt

AMOUNTS = ("quantity", "price_raw")
PRICES = ("price", "unit_price", "usd_rate", "eth_rate", "price_usd", "price_eth")
COLUMNS = {
    **{name: {"data_type": "decimal", "precision": 78, "scale": 0} for name in AMOUNTS},
    **{name: {"data_type": "decimal", "precision": 200, "scale": 100} for name in PRICES},
    "fees": {"data_type": "json"},
}
FIRST = 100  # rows, among which every column has a value
OF_A_FILE = 50_000


def main(folder: Path, count: int, processes: int) -> None:
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    if processes > 1:
        os.environ |= {"NORMALIZE__WORKERS": str(processes), "DATA_WRITER__FILE_MAX_ITEMS": str(OF_A_FILE)}
    with (folder / "sales").open("rb") as pickled:
        rows = [pickle.load(pickled) for _ in range(count)]
    for row in rows:  # dlt takes no integer beyond 64 bits
        row |= {name: Decimal(row[name]) for name in AMOUNTS if row[name] is not None}
    pipeline = dlt.pipeline(
        "sales",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.postgres(os.environ["BENCH_URL"]),
        dataset_name="dlt",
    )
    sale = {"name": "sale", "primary_key": "sale_uid", "write_disposition": "merge", "columns": COLUMNS}
    pipeline.run(dlt.resource(rows[:FIRST], **sale))
    with pipeline.sql_client() as client:
        for statement in json.loads(os.environ["BENCH_KEYS"]):
            client.execute_sql(statement)
    began = time.perf_counter()
    pipeline.run(dlt.resource(rows, **sale))
    print(time.perf_counter() - began)


if __name__ == "__main__":  # the processes that normalize read this file, too
    main(Path(sys.argv[1]), int(sys.argv[2]), int(os.environ["BENCH_PROCESSES"]))
