"""Run every fault loop for long, one after the other; exit status 1 if anything was lost in any."""

import argparse
import os
import subprocess
import sys
import time

parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
parser.add_argument("--seed", type=int, default=int(time.time()), help="runs the same rounds again")
parser.add_argument("--rounds", type=int, default=50)
parser.add_argument("--minutes", type=float, default=20.0, help="how long the soak lasts")
asked = parser.parse_args()
print(f"faults: seed {asked.seed}", flush=True)

seed, rounds = ["--seed", str(asked.seed)], ["--rounds", str(asked.rounds)]
loops = (
    ["tests.faults.collecting", *rounds, *seed],
    ["tests.faults.loads", *rounds, *seed],
    ["pytest", "-q", "-n", "0", "-m", "orders", "tests"],
    ["tests.collector.random_servers", str(20 * asked.rounds), str(asked.seed)],
    ["tests.faults.soak", "--minutes", str(asked.minutes), *seed],
    ["tests.faults.airflow", *seed],
)
orders = {"ORDERS": str(max(1, asked.rounds // 5)), "ORDERS_SEED": str(asked.seed)}
failed = [
    loop[0]
    for loop in loops
    if subprocess.run([sys.executable, "-m", *loop], env=os.environ | orders, check=False).returncode
]
sys.exit(f"failed with seed {asked.seed}: {', '.join(failed)}" if failed else 0)
