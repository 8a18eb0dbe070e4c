"""Measure the grain of the code: `python -m tools.structure [FOLDER …]` prints files, functions, helpers, patches.

A one-use helper is a function of at most six lines that is named once beside its definition in all sources and tests.
"""

import ast
import re
import sys
from collections import Counter
from itertools import chain
from pathlib import Path
from statistics import median

SOURCES = ("collector", "dags", "tidemark", "tools")
SMALL = 6  # lines


def measured(folders: tuple[str, ...]) -> dict[str, float]:
    """Return the figures of the Python files below the folders, relative to the current one."""
    paths = chain.from_iterable(sorted(Path(folder).rglob("*.py")) for folder in folders)
    trees = {path: ast.parse(path.read_text()) for path in paths}
    lengths = [len(path.read_text().splitlines()) for path in trees if path.name != "__init__.py"]
    functions = [
        node
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    tests = "".join(path.read_text() for path in sorted(Path("tests").rglob("*.py")))
    everything = "".join(path.read_text() for path in trees) + tests
    words = Counter(re.findall(r"\w+", everything))
    small = [
        node
        for node in functions
        if (node.end_lineno or 0) - node.lineno < SMALL and not node.decorator_list and words[node.name] <= 2  # noqa: PLR2004
    ]
    lines = sum(len(path.read_text().splitlines()) for path in trees)
    return {
        "files": len(trees),
        "files that are not __init__.py": len(lengths),
        "lines": lines,
        "median lines of a file": median(lengths),
        "functions per 1,000 lines": round(1000 * len(functions) / lines, 1),
        "one-use helpers, % of functions": round(100 * len(small) / len(functions), 1),
        "patches in tests": len(re.findall(r"\bpatch\(|patch\.object\(|\w\.setattr\(", tests)),
    }


if __name__ == "__main__":
    for name, value in measured(tuple(sys.argv[1:]) or SOURCES).items():
        print(f"{name:34} {value:>8,}")
