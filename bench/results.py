"""The figures of all benchmarks: one JSON object, which every benchmark adds its own names to.

`BENCH_SCALE=0.01` makes a trial with a hundredth of the data, whose figures are printed and not recorded.
"""

import json
import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).with_name("results.json")
SCALE = float(os.environ.get("BENCH_SCALE", "1"))


Figure = float | dict[str, float]


def read() -> dict[str, Figure]:
    """Return what was measured so far."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def scaled(number: int) -> int:
    """Return an amount of data, smaller in a trial."""
    return max(1, round(number * SCALE))


def record(**figures: Figure) -> None:
    """Add figures, or replace those of the same name; one may be a whole table of them."""
    if SCALE != 1:
        print(f"a trial, not recorded: {figures}")
        return
    merged = read() | {name: _rounded(figure) for name, figure in figures.items()}
    part = RESULTS.with_suffix(".tmp")
    part.write_text(json.dumps(dict(sorted(merged.items())), indent=1) + "\n")
    part.replace(RESULTS)


def print_results() -> None:
    """Print every figure as a table."""
    table = Table("figure", "value", title=f"bench/{RESULTS.name}")
    for name, figure in read().items():
        rows = {f"{name} {part}": each for part, each in figure.items()} if isinstance(figure, dict) else {name: figure}
        for full_name, each in rows.items():
            table.add_row(full_name, f"{each:g}")
    Console().print(table)


def _rounded(figure: Figure) -> Figure:
    return {name: round(each, 3) for name, each in figure.items()} if isinstance(figure, dict) else round(figure, 3)
