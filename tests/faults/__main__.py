"""Run every fault loop for long, one after the other; exit status 1 if anything was lost in any."""

import subprocess
import sys

ROUNDS = "50"
LOOPS = (["tests.faults.collecting", ROUNDS], ["tests.faults.loads", ROUNDS], ["tests.faults.airflow"])

failed = [loop[0] for loop in LOOPS if subprocess.run([sys.executable, "-m", *loop], check=False).returncode]
sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
