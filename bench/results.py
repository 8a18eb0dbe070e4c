"""The figures of all benchmarks: one JSON object, which every benchmark adds its own names to."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).with_name("results.json")


def read() -> dict[str, float]:
    """Return what was measured so far."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def record(**figures: float) -> None:
    """Add figures, or replace those of the same name."""
    merged = read() | {name: round(figure, 3) for name, figure in figures.items()}
    part = RESULTS.with_suffix(".tmp")
    part.write_text(json.dumps(dict(sorted(merged.items())), indent=1) + "\n")
    part.replace(RESULTS)


def print_results() -> None:
    """Print every figure as a table."""
    table = Table("figure", "value", title=f"bench/{RESULTS.name}")
    for name, figure in read().items():
        table.add_row(name, f"{figure:g}")
    Console().print(table)
