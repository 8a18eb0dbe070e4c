"""Alert rules and dashboards, asked of a real promtool, a real Prometheus and a real PostgreSQL."""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml

from collector.metrics import families
from collector.status import Status
from tests.collector.test_status import WELL
from tests.pictures.grafana import expanded

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
STATUS = Status(**WELL | {name: {"x": 1} for name in ("received", "gaps", "gap_seconds", "lost", "failed")})
needs_prometheus = pytest.mark.skipif(
    not shutil.which("promtool"), reason="needs prometheus: apt-get install prometheus"
)


def _targets(kind: str) -> list[Any]:
    return [
        pytest.param(target, id=f"{path.stem}: {panel['title']}")
        for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
        for panel in json.loads(path.read_text())["panels"]
        for target in panel["targets"]
        if target["datasource"]["type"] == kind
    ]


def test_the_market_shows_floor_and_spread_and_no_line_where_they_are_not_known() -> None:
    panels = {
        panel.values[0]["rawSql"] for panel in _targets("grafana-postgresql-datasource") if "mart.book(" in str(panel)
    }
    assert len(panels) == 2
    assert not any("is_floor_known" in sql or "IS NOT NULL ORDER" in sql for sql in panels)
    market = json.loads((DEPLOY / "grafana" / "dashboards" / "market.json").read_text())
    shown = {panel["title"]: panel for panel in market["panels"]}
    for title in ("Listed floor", "Spread"):
        assert not shown[title]["fieldConfig"]["defaults"].get("custom", {}).get("spanNulls")


@needs_prometheus
def test_every_alert_fires_when_it_should_and_only_then() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", PROMETHEUS / "alerts.test.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_and_names_its_page_of_the_runbook() -> None:
    rules = [
        rule for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"] for rule in group["rules"]
    ]
    tested = (PROMETHEUS / "alerts.test.yml").read_text()
    well = tested.partition("name: nothing fires")[2].partition("- name:")[0]
    runbook = (DEPLOY.parent / "docs" / "runbook.md").read_text()
    for rule in rules:
        assert f"alertname: {rule['alert']}\n        exp_alerts" in tested
        assert f"- {{eval_time: 25h, alertname: {rule['alert']}}}\n" in well
        page = rule["annotations"]["description"].rpartition('page "')[2].rstrip('".')
        assert f"\n## {page}\n" in runbook
        heading = page.lower().replace(" ", "-")
        assert rule["annotations"]["runbook_url"] == f"{{{{ $externalLabels.docs }}}}/docs/runbook.md#{heading}"


def test_every_severity_has_a_receiver() -> None:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    severities = {rule["labels"]["severity"] for group in groups for rule in group["rules"]}
    settings = yaml.safe_load((PROMETHEUS / "alertmanager.yml").read_text())
    routed = {matcher for route in settings["route"]["routes"] for matcher in route["matchers"]}
    assert severities == {"page", "warning"}
    assert routed == {'severity = "page"'}  # the others go where the route's own receiver says
    names = {receiver["name"] for receiver in settings["receivers"]}
    assert names == {settings["route"]["receiver"], *(route["receiver"] for route in settings["route"]["routes"])}


@pytest.mark.skipif(not shutil.which("amtool"), reason="needs amtool: apt-get install prometheus-alertmanager")
def test_alertmanager_takes_its_settings_and_every_example_in_them(tmp_path: Path) -> None:
    text = (PROMETHEUS / "alertmanager.yml").read_text()
    examples = re.sub(r"(?m)^    # ( *)([\w-])", r"    \1\2", text)
    assert examples != text
    (tmp_path / "examples.yml").write_text(examples)
    for file in (PROMETHEUS / "alertmanager.yml", tmp_path / "examples.yml"):
        done = subprocess.run(["amtool", "check-config", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboards_ask_only_for_metrics_that_somebody_gives() -> None:
    given = {sample.name for family in families(STATUS) for sample in family.samples}
    given |= set(yaml.safe_load(_without_tags())["metrics"])
    asked = (PROMETHEUS / "alerts.yml").read_text() + "\n".join(
        target.values[0]["expr"] for target in _targets("prometheus")
    )
    names = set(re.findall(r"tidemark_\w+", asked))
    assert names
    assert names <= given


def _without_tags() -> str:
    return (PROMETHEUS / "query-exporter.yml").read_text().replace("!env ", "")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a Prometheus with no targets."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with subprocess.Popen([*command, f"--web.listen-address={address}"], stderr=subprocess.DEVNULL) as process:
        try:
            _await_ready(address)
            yield f"http://{address}"
        finally:
            process.terminate()


def _await_ready(address: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"http://{address}/-/ready", timeout=10):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@needs_prometheus
@pytest.mark.parametrize("target", _targets("prometheus"))
def test_prometheus_understands_every_panel(prometheus: str, target: dict[str, str]) -> None:
    query = urllib.parse.urlencode({"query": target["expr"]})
    with urllib.request.urlopen(f"{prometheus}/api/v1/query?{query}") as answer:
        assert json.load(answer)["status"] == "success"


@pytest.mark.postgres
@pytest.mark.parametrize("target", _targets("grafana-postgresql-datasource"))
def test_the_warehouse_answers_every_panel(warehouse_url: str, target: dict[str, str]) -> None:
    statement = expanded(target["rawSql"], "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")
    role = "tidemark_reader" if "ops." not in statement else "pg_read_all_data"
    columns = _ask(warehouse_url, f"SET ROLE {role}; {statement}")
    if target["format"] == "time_series":
        assert columns[0] == "time"


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["hours", "quality"])
def test_the_warehouse_answers_every_query_of_the_exporter(warehouse_url: str, name: str) -> None:
    query = yaml.safe_load(_without_tags())["queries"][name]
    assert set(_ask(warehouse_url, query["sql"])) == set(query["metrics"])


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("migrated", "loads", "late"),
    [
        (None, [], 0),
        (3, [], 0),  # the first hour that is due has just ended
        (9, [], 6),  # no hour was ever loaded
        (12, [(9, 6), (8, 6)], 7),  # every load ends too late
        (900, [(5, 1), (4, 1), (3, 1), (2, 1)], 0),  # every hour loaded as it ended
        (900, [(160, 160), (4, 1), (3, 1)], 0),  # and one old hour backfilled
        (3, [(160, 160)], 0),  # nothing but a backfill
        (900, [(9, 1), (4, 1), (3, 1)], 4),  # the hours between were never loaded
        (900, [(9, 1), (8, 3), (7, 2), (6, 1), (5, 1), (4, 1), (3, 1), (-9000, 9001)], 0),  # an hour of next year
    ],
)
def test_an_hour_is_late_from_the_first_load_or_from_the_migration_and_never_by_a_backfill(
    postgres_url: str, migrated: int | None, loads: list[tuple[int, int]], late: int
) -> None:
    query = yaml.safe_load(_without_tags())["queries"]["hours"]["sql"]
    connection = psycopg2.connect(postgres_url)
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA mart CREATE TABLE hour_quality (hour timestamptz)")
        cursor.execute("CREATE SCHEMA ops CREATE TABLE load_run (source_hour timestamptz, finished_at timestamptz)")
        cursor.execute("CREATE TABLE ops.schema_migration (applied_at timestamptz)")
        if migrated is not None:
            cursor.execute(f"INSERT INTO ops.schema_migration SELECT now() - interval '{migrated} hours'")
        for ago, after in loads:
            hour = f"date_trunc('hour', now()) - interval '{ago} hours'"
            cursor.execute(f"INSERT INTO mart.hour_quality SELECT {hour}")
            cursor.execute(f"INSERT INTO ops.load_run SELECT {hour}, {hour} + interval '{1 + after} hours'")
        cursor.execute(query)
        ((age, found),) = cursor.fetchall()
    connection.close()
    assert found == late
    assert age is None or age > 0


def _ask(url: str, statement: str) -> list[str]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return [column.name for column in cursor.description or ()]
    finally:
        connection.close()
