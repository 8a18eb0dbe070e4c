"""Sales as Python dictionaries, merged into a keyed table by dlt. Runs in `.venv-bench`, the address in BENCH_URL."""

import json
import os
import sys
import time
from pathlib import Path

import dlt

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
folder, dataset = Path(sys.argv[1]), sys.argv[2]
with (folder / "sales.jsonl").open() as lines:
    rows = [json.loads(line) for line in lines]
pipeline = dlt.pipeline(
    dataset,
    pipelines_dir=str(folder / "pipelines"),
    destination=dlt.destinations.postgres(os.environ["BENCH_URL"]),
    dataset_name=dataset,
)
sales = dlt.resource(rows, name="sale", primary_key="sale_uid", write_disposition="merge")
began = time.perf_counter()
pipeline.run(sales)
print(json.dumps({"rows": len(rows), "seconds": round(time.perf_counter() - began, 2)}))
