"""Run every fault loop for long, one after the other; exit status 1 if anything was lost in any."""

import subprocess
import sys

ROUNDS = "50"
LOOPS = ("tests.faults.collecting", "tests.faults.loads")

failed = [loop for loop in LOOPS if subprocess.run([sys.executable, "-m", loop, ROUNDS], check=False).returncode]
sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
