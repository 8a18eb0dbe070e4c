import subprocess
import sys
from importlib.metadata import entry_points

import pytest

pytestmark = pytest.mark.airflow


def test_airflow_finds_the_plugin_where_tidemark_is_installed() -> None:
    found = {entry.name: entry.value for entry in entry_points(group="airflow.plugins")}
    assert found.get("tidemark") == "tidemark.airflow.plugin:TidemarkPlugin", "install again: make install"


def test_reading_the_plugin_brings_neither_a_web_framework_nor_the_page() -> None:
    program = "import airflow.plugins_manager, sys; before = {*sys.modules}; import tidemark.airflow.plugin; "
    program += "print(*({*sys.modules} - before))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, capture_output=True, text=True)
    modules = set(done.stdout.split())
    assert "tidemark.airflow.plugin" in modules
    assert not {"fastapi", "pygal", "tidemark.airflow.page", "tidemark.query"} & modules


def test_the_page_is_below_the_path_of_a_proxy() -> None:
    program = "from tidemark.airflow.plugin import TidemarkPlugin; print(TidemarkPlugin.external_views[0]['href'])"
    environment = {"AIRFLOW__API__BASE_URL": "https://a.example/air/flow", "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    assert done.stdout.splitlines()[-1] == "/air/flow/tidemark/"
