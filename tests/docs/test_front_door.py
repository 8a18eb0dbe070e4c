"""What meets a contributor first: workflows, forms and hooks follow their schemas and call what exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECKER = ROOT / ".venv-tools" / "bin" / "check-jsonschema"
SCHEMAS = {
    "vendor.github-workflows": ".github/workflows/*.yml",
    "custom.github-workflows-require-timeout": ".github/workflows/*.yml",
    "vendor.dependabot": ".github/dependabot.yml",
    "vendor.github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "vendor.github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
}
FILES = [*sorted(ROOT.glob(".github/**/*.yml")), ROOT / ".pre-commit-config.yaml"]


@pytest.mark.skipif(not CHECKER.exists(), reason="needs the checkers: make tools")
@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_file_follows_its_schema(schema: str) -> None:
    files = sorted(ROOT.glob(SCHEMAS[schema]))
    assert files
    done = subprocess.run([CHECKER, "--builtin-schema", schema, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_make_target_that_is_called_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {name for file in FILES for name in re.findall(r"\bmake ([a-z-]+)", file.read_text())}
    assert {"lint", "docs", "lowest"} <= called <= targets


def test_every_action_is_pinned_by_its_commit() -> None:
    used = [line for file in FILES for line in re.findall(r"uses: (.+)", file.read_text())]
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v[\d.]+", line)] == []


def test_every_program_of_the_hooks_is_one_that_make_install_brings() -> None:
    programs = re.findall(r"entry: (\S+)", (ROOT / ".pre-commit-config.yaml").read_text())
    assert programs
    assert [program for program in programs if not (ROOT / program).exists()] == []


def contributing() -> list[str]:
    return re.findall(r"`([^`\n]+)`", (ROOT / "CONTRIBUTING.md").read_text())


def test_every_file_that_contributing_names_exists() -> None:
    paths = [each for each in contributing() if re.fullmatch(r"[a-z]+(/[\w.-]*)+", each)]
    assert len(paths) > 20
    places = ("", "*/", "*/*/")
    assert [path for path in paths if not any(any(ROOT.glob(place + path)) for place in places)] == []


def test_every_name_that_contributing_gives_is_in_the_source() -> None:
    names = [each for each in contributing() if re.fullmatch(r"[A-Z][A-Za-z_]+|[a-z]+_[a-z_]+", each)]
    files = [*ROOT.glob("collector/**/*.py"), *ROOT.glob("tidemark/**/*.py"), *ROOT.glob("sql/**/*.sql")]
    sources = "".join(path.read_text() for path in files)
    assert {"Facts", "WRAPPED_LISTINGS", "stream_facts"} <= set(names)
    assert [name for name in names if name not in sources and name != "POSTGRES_SERVERS"] == []


def test_the_recipe_of_one_test_selects_one() -> None:
    (command,) = [each for each in contributing() if each.startswith(".venv/bin/python -m pytest")]
    words = ["--collect-only", "-q", *command.split()[3:]]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert re.search(r"^tests/core/test_hour.py::", done.stdout, re.MULTILINE), done.stdout


def test_the_readme_counts_the_questions() -> None:
    (counted,) = re.findall(r"one of (\d+) named questions", (ROOT / "README.md").read_text())
    assert int(counted) == len(list((ROOT / "sql" / "queries").glob("*.sql")))
