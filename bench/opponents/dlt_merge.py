"""Sales as Python dictionaries, merged by dlt. Runs in `.venv-bench`, the address in BENCH_URL."""

import os
import pickle
import sys
import time
from decimal import Decimal
from pathlib import Path

import dlt

AMOUNTS = ("quantity", "price_raw", "marketplace_fee_raw", "royalty_raw")
PRICES = ("price", "unit_price", "usd_rate", "eth_rate", "price_usd", "price_eth")
COLUMNS = {
    **{name: {"data_type": "decimal", "precision": 78, "scale": 0} for name in AMOUNTS},
    **{name: {"data_type": "decimal", "precision": 200, "scale": 100} for name in PRICES},
    "fees": {"data_type": "json"},
}

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
folder, count = Path(sys.argv[1]), int(sys.argv[2])
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
sales = dlt.resource(rows, name="sale", primary_key="sale_uid", write_disposition="merge", columns=COLUMNS)
began = time.perf_counter()
pipeline.run(sales)
print(time.perf_counter() - began)
