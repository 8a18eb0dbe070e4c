"""No constructor works: one that opens a file, a socket, a process or a thread leaves it open when the next line fails.

Work belongs in `__enter__`, `start`, or a class method that says `open`. The check follows the calls of a constructor
through the functions, methods and constructors of this repository.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORK = frozenset({
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "touch", "unlink", "rename", "exists",
    "is_dir", "is_file", "iterdir", "glob", "rglob", "stat", "scandir", "listdir", "makedirs", "remove", "fsync",
    "flock", "sleep", "socket", "bind", "listen", "create_connection", "create_server", "connect", "urlopen",
    "request", "Popen", "run", "check_output", "Pipe", "start", "submit", "create_task", "ensure_future",
    "call_later", "call_soon", "create_engine", "load_cert_chain", "execute",
})  # fmt: skip
# pydantic reads the environment when settings are made; each program makes them once, first of all
EXCEPT = frozenset({"Settings.__init__"})
Calls = dict[str, set[str]]


def called(function: ast.AST) -> Iterator[str]:
    """Yield the names that a function calls itself: `name`, or `.name` of an object; not those inside a lambda."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                own = isinstance(node.func.value, ast.Name) and node.func.value.id in ("self", "cls")
                yield f"self.{node.func.attr}" if own else f".{node.func.attr}"
        yield from called(node)


def functions(source: str) -> Calls:
    """Return what each function, `Class.method` and `Class.__init__` of a file calls."""
    found: Calls = {}
    for node in ast.parse(source).body:
        for part in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{node.name}.{part.name}" if isinstance(node, ast.ClassDef) else part.name
                found.setdefault(name, set()).update(called(part))
    return found


def work_of(name: str, calls: Calls, seen: frozenset[str] = frozenset()) -> list[str]:
    """Return the calls that lead from a function to work; none where it does not work."""
    for call in sorted(calls.get(name, ())):
        bare = call.rpartition(".")[2]
        target = f"{name.partition('.')[0]}.{bare}" if call.startswith("self.") else bare
        inner = next((each for each in (target, f"{target}.__init__") if each in calls), None)
        if inner is None or call.startswith("."):
            if bare in WORK:
                return [name, call]
        elif inner not in seen and inner not in EXCEPT and (way := work_of(inner, calls, seen | {inner})):
            return [name, *way]
    return []


CALLS: Calls = {}
for _folder in ("collector", "tidemark"):
    for _file in sorted((ROOT / _folder).rglob("*.py")):
        for _name, _calls in functions(_file.read_text()).items():
            CALLS.setdefault(_name, set()).update(_calls)


@pytest.mark.parametrize("name", sorted(name for name in CALLS.keys() - EXCEPT if name.endswith("__init__")))
def test_a_constructor_does_no_work(name: str) -> None:
    assert not work_of(name, CALLS)


@pytest.mark.parametrize(
    "body",
    [
        "self.file = path.open()",
        "self.text = read(path)",
        "self.known = self.load(path)",
        "self.other = Other(path)",
        "Thread(target=print).start()",
    ],
)
def test_work_is_found_through_functions_methods_and_other_constructors(body: str) -> None:
    source = f"""
def read(path):
    return path.read_text()
class Other:
    def __init__(self, path):
        self.text = read(path)
class One:
    def __init__(self, path):
        {body}
    def load(self, path):
        return read(path)
"""
    assert work_of("One.__init__", functions(source))


def test_what_is_only_kept_for_later_is_no_work() -> None:
    source = "class One:\n    def __init__(self, path):\n        self.read = lambda: path.read_text()\n"
    assert not work_of("One.__init__", functions(source))
