"""Mutate the modules whose faults would lose or corrupt data, and name each mutant that no test notices.

Exit status 1 if one survives that docs/mutants.md does not explain.
"""

import argparse
import sys
import time
from collections import Counter
from itertools import groupby
from random import Random

from tests.mutants.explained import explanations
from tests.mutants.mutant import Mutant
from tests.mutants.python_source import mutants_of_python
from tests.mutants.runner import Copy, copied
from tests.mutants.sql_source import mutants_of_sql
from tests.mutants.targets import ROOT, noticing, targets

SAMPLE = 100
_ROOM = 20.0  # seconds that a mutant's tests may take longer, beside three times as long


def main() -> int:
    """Run a sample, or all; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="draws the same sample again")
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"how many mutants; {SAMPLE} by default")
    parser.add_argument("--all", action="store_true", help="every mutant; takes hours")
    parser.add_argument("paths", nargs="*", help="only files whose names begin so; all by default")
    asked = parser.parse_args()
    print(f"mutants: seed {asked.seed}", flush=True)
    every = [
        mutant
        for path in targets()
        if not asked.paths or path.startswith(tuple(asked.paths))
        for mutant in mutants(path)
    ]
    chosen = every if asked.all else Random(asked.seed).sample(every, min(asked.sample, len(every)))
    print(f"{len(chosen)} of {len(every)} mutants", flush=True)
    with copied() as copy:
        counts = run(copy, sorted(chosen))
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    return 1 if counts["survived"] else 0


def mutants(path: str) -> list[Mutant]:
    """Return every mutant of a file."""
    text = (ROOT / path).read_text()
    return (mutants_of_sql if path.endswith(".sql") else mutants_of_python)(path, text)


def run(copy: Copy, chosen: list[Mutant]) -> Counter[str]:
    """Try mutants, in order of file, and print each that survives. Raises SystemExit where tests fail without one."""
    known = explanations()
    counts = Counter(noticed=0, explained=0, survived=0)
    for path, group in groupby(chosen, key=lambda mutant: mutant.path):
        tests = noticing(path)
        passed, seconds = copy.passes(tests, limit=600)
        if not passed:
            sys.exit(f"the tests of {path} fail without a fault: {' '.join(tests)}")
        limit, before = 3 * seconds + _ROOM, counts.total()
        for mutant in group:
            with copy.holding(mutant):
                survived = copy.passes(tests, limit)[0]
            outcome = "noticed" if not survived else "explained" if mutant.key in known else "survived"
            counts[outcome] += 1
            if survived:
                print(f"{outcome}: {mutant}", flush=True)
        print(f"{path}: {counts.total() - before} mutants, tests take {seconds:.1f} s", flush=True)
    return counts


if __name__ == "__main__":
    sys.exit(main())
