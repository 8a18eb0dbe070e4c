"""What each machine has to carry, and what an Airflow that is there already has to give way to."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PAGE = (ROOT / "docs" / "airflow-existing.md").read_text()
# What the constraints of Airflow 3.2.0 name of the libraries that Tidemark asks for itself.
CONSTRAINTS_3_2 = """
alembic==1.18.4 boto3==1.42.70 httpx==0.28.1 jinja2==3.1.6 msgspec==0.20.0 psycopg2-binary==2.9.11
pydantic-settings==2.13.1 python-dotenv==1.2.2 rich==13.9.4 sqlalchemy==2.0.48 structlog==25.5.0 tenacity==9.1.4
typer==0.24.1 zstandard==0.25.0
"""


def versions(text: str) -> dict[str, str]:
    return dict(re.findall(r"([a-z][\w.-]*)==([^\s;\\]+)", text))


def locked(name: str) -> dict[str, str]:
    return versions((ROOT / name).read_text())


@pytest.mark.parametrize(
    ("role", "not_carried"),
    [
        ("collector", {"matplotlib", "plotext", "pyarrow", "sqlalchemy", "tenacity"}),
        ("airflow", {"matplotlib", "pyarrow"}),
        ("kubernetes", {"matplotlib"}),
        ("demo", {"matplotlib", "pyarrow"}),
    ],
)
def test_a_machine_carries_only_what_it_uses(role: str, not_carried: set[str]) -> None:
    found = locked(f"deploy/{role}.lock")
    assert found.keys() & {"msgspec", "rich"}
    assert found.keys() & not_carried == set()


@pytest.mark.parametrize("role", ["airflow", "collector", "demo", "local"])
def test_a_machine_has_the_versions_that_are_tested(role: str) -> None:
    tested = locked("requirements.lock")
    assert {
        name: version for name, version in locked(f"deploy/{role}.lock").items() if tested.get(name, version) != version
    } == {}


def test_what_airflows_constraints_hold_back_is_on_the_page() -> None:
    asked = [Requirement(line) for line in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["loader"])]
    constrained = versions(CONSTRAINTS_3_2)
    behind = {each.name for each in asked if each.name in constrained and constrained[each.name] not in each.specifier}
    (left_out,) = re.findall(r"grep -vE '\^\(([a-z|]+)\)=='", PAGE)
    assert behind == set(left_out.split("|"))


def test_the_versions_of_airflow_that_are_allowed_are_those_that_are_tried() -> None:
    (allowed,) = (each for each in PROJECT["optional-dependencies"]["airflow"] if each.startswith("apache-airflow>"))
    (tried,) = re.findall(r"for version in (3\.\d 3\.\d); do", (ROOT / "Makefile").read_text())
    minors = [f"3.{minor}" for minor in range(20) if f"3.{minor}.0" in Requirement(allowed).specifier]
    assert minors == tried.split()
    assert f"Airflow {' or '.join(minors)}" in PAGE
