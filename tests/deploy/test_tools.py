"""The templates as the field's own checkers see them, and the bill of materials."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv-tools" / "bin"
pytestmark = pytest.mark.skipif(not TOOLS.exists(), reason="needs the checkers: make tools")


def _run(tool: str, *arguments: str) -> str:
    # checkov would ask its makers' server for texts
    environment = {**os.environ, "BC_SKIP_MAPPING": "TRUE", "CKV_IGNORE_HIDDEN_DIRECTORIES": "true"}
    done = subprocess.run(
        [TOOLS / tool, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_checkov_finds_nothing_that_the_templates_do_not_explain() -> None:
    found = json.loads(
        _run("checkov", "--skip-download", "--framework", "cloudformation", "-d", "deploy/aws", "-o", "json")
    )
    assert found["summary"]["passed"] >= 40
    assert found["summary"]["failed"] == 0
    assert all(check["check_result"]["suppress_comment"] for check in found["results"]["skipped_checks"])


def test_the_compose_file_follows_the_compose_specification() -> None:
    _run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")


def test_the_bill_of_materials_names_every_pinned_package(tmp_path: Path) -> None:
    bill = tmp_path / "sbom.json"
    _run("cyclonedx-py", "requirements", "-o", str(bill), "requirements.lock")
    components = {component["name"] for component in json.loads(bill.read_text())["components"]}
    assert {"websockets", "apache-airflow", "psycopg2-binary", "boto3"} <= components
