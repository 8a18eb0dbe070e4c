"""Every figure that a benchmark records is explained on the benchmarks' page, and no other."""

import ast
import re
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench"


def recorded(source: str) -> set[str]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    recording = [call for call in calls if ast.unparse(call.func) == "results.record"]
    return {keyword.arg for call in recording for keyword in call.keywords if keyword.arg}


def test_every_figure_is_explained_and_no_other() -> None:
    figures = set().union(*(recorded(path.read_text()) for path in BENCH.glob("*.py")))
    explained = re.findall(r"^\| `(\w+)` \|", (BENCH / "README.md").read_text(), re.MULTILINE)
    assert len(figures) > 15
    assert sorted(explained) == sorted(figures)
