"""Measure the grain of the code: `python -m tools.structure [FOLDER …]` prints files, functions, helpers, patches.

A one-use helper is a function of at most six lines that is named once beside its definition in all sources and tests.
Methods such as `__exit__` are none: Python calls them, and they cannot be written anywhere else.
"""

import ast
import re
import sys
import tomllib
from collections import Counter
from itertools import chain
from pathlib import Path
from statistics import median

SOURCES = ("collector", "dags", "tidemark", "tools")
SMALL = 6  # lines
_PATCH = re.compile(r"\bpatch\(|patch\.object\(|\w\.setattr\(")


def measured(folders: tuple[str, ...]) -> dict[str, float]:
    """Return the figures of the Python files below the folders, relative to the current one."""
    paths = chain.from_iterable(sorted(Path(folder).rglob("*.py")) for folder in folders)
    texts = {path: path.read_text() for path in paths}
    tests = "".join(path.read_text() for path in sorted(Path("tests").rglob("*.py")))
    nodes = chain.from_iterable(ast.walk(ast.parse(text)) for text in texts.values())
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    words = Counter(re.findall(r"\w+", "".join(texts.values()) + tests))
    helpers = [
        node
        for node in functions
        if (node.end_lineno or 0) - node.lineno < SMALL
        and not node.decorator_list
        and not node.name.startswith("__")
        and words[node.name] <= 2  # noqa: PLR2004 - its definition and its use
    ]
    lengths = {path: len(text.splitlines()) for path, text in texts.items()}
    lines = sum(lengths.values())
    project = tomllib.loads(Path("pyproject.toml").read_text())["tool"]
    wheel = project["hatch"]["build"]["targets"]["wheel"]
    return {
        "import names in site-packages": len(set(wheel["only-include"]) - set(wheel["sources"])),
        "import contracts": len(project["importlinter"]["contracts"]),
        "files": len(texts),
        "lines": lines,
        "median lines of a file": median(each for path, each in lengths.items() if path.name != "__init__.py"),
        "files of more than 300 lines": sum(each > 300 for each in lengths.values()),  # noqa: PLR2004
        "functions per 1,000 lines": round(1000 * len(functions) / lines, 1),
        "one-use helpers, % of functions": round(100 * len(helpers) / len(functions), 1),
        "patches in tests": len(_PATCH.findall(tests)),
    }


if __name__ == "__main__":
    for name, value in measured(tuple(sys.argv[1:]) or SOURCES).items():
        print(f"{name:34} {value:>8,}")
