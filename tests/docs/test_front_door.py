"""What meets a contributor first: workflows, forms and hooks follow their schemas and call what exists."""

import re
import subprocess
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
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {name for file in FILES for name in re.findall(r"\bmake ([a-z]+)", file.read_text())}
    assert {"lint", "docs", "lowest"} <= called <= targets


def test_every_action_is_pinned_by_its_commit() -> None:
    used = [line for file in FILES for line in re.findall(r"uses: (.+)", file.read_text())]
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v[\d.]+", line)] == []


def test_every_program_of_the_hooks_is_one_that_make_install_brings() -> None:
    programs = re.findall(r"entry: (\S+)", (ROOT / ".pre-commit-config.yaml").read_text())
    assert programs
    assert [program for program in programs if not (ROOT / program).exists()] == []
