"""What `python -m tools.structure` counts."""

from pathlib import Path

import pytest

from tools.structure import SOURCES, measured

SOURCE = """
def used_once(): return 1


def used_twice(): return used_once()


def called(): return used_twice() + used_twice()


class Part:
    def __exit__(self, *_): pass
"""
PROJECT = """
[tool.hatch.build.targets.wheel]
only-include = ["collector", "dags", "tidemark"]
[tool.hatch.build.targets.wheel.sources]
"dags" = "tidemark/dags"
[[tool.importlinter.contracts]]
name = "one"
"""


def test_helpers_are_those_that_are_used_once_and_not_called_by_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "part.py").write_text(SOURCE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_part.py").write_text(f"called(); called()\nmock.{'patch'}('x')\n")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    found = measured(("part.py", "."))
    assert found["one-use helpers, % of functions"] == 25.0
    assert found["functions per 1,000 lines"] == round(4 / (len(SOURCE.splitlines()) + 2) * 1000, 1)
    assert (found["import names in site-packages"], found["import contracts"]) == (2, 1)
    assert found["patches in tests"] == 1


def test_nothing_is_patched_and_two_names_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    found = measured(SOURCES)
    assert (found["import names in site-packages"], found["patches in tests"]) == (2, 0)
