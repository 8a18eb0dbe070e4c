"""What the machines tell CloudWatch: every metric for which an alarm waits, and the truth."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import pytest
from cfnlint.decode.cfn_yaml import load as decode_yaml
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from collector.metrics import families
from collector.spool.lock import held
from collector.status import Status
from tests.collector.test_status import WELL

DEPLOY = Path(__file__).parents[2] / "deploy"
STATUS = Status(**WELL | {"expected": ("collection:a", "collection:b"), "joined": ("collection:a",)})


class Page(BaseHTTPRequestHandler):
    """The collector's metrics, as it prints them."""

    def do_GET(self) -> None:
        registry = CollectorRegistry()
        registry.register(self)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(generate_latest(registry))

    def collect(self) -> Iterator[object]:
        return iter(families(STATUS))

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[str]:
    """The spool of a collector that serves its metrics on a host and a port that no setting names."""
    with HTTPServer(("127.0.0.2", 0), Page) as server, held(tmp_path / "spool") as lock:
        threading.Thread(target=server.serve_forever).start()
        lock.publish(f"http://127.0.0.2:{server.server_address[1]}")
        yield str(tmp_path / "spool")
        server.shutdown()


def run(what: str, namespace: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    told = {f"TIDEMARK_{name}": value for name, value in settings.items()} | {"TIDEMARK_METRICS_NAMESPACE": namespace}
    command = [sys.executable, DEPLOY / "lib" / "publish-metrics", what]
    return subprocess.run(command, env={**os.environ, **told}, check=False, capture_output=True, text=True)


def published(what: str, namespace: str, **settings: str) -> dict[tuple[str, ...], set[str]]:
    """Run the script and return the names of what CloudWatch has afterwards, by the machines they are told of."""
    done = run(what, namespace, **settings)
    assert done.returncode == 0, done.stderr
    found: dict[tuple[str, ...], set[str]] = {}
    for metric in boto3.client("cloudwatch").list_metrics(Namespace=namespace)["Metrics"]:
        machine = tuple(dimension["Value"] for dimension in metric["Dimensions"])
        found.setdefault(machine, set()).add(metric["MetricName"])
    return found


def awaited() -> set[str]:
    """The metrics of ours that alarms wait for."""
    alarms = [
        resource["Properties"]
        for resource in decode_yaml(str(DEPLOY / "aws" / "alarms.yaml"))["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    single = {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == {"Ref": "System"}}
    computed = {
        metric["MetricStat"]["Metric"]["MetricName"]
        for alarm in alarms
        for metric in alarm.get("Metrics", ())
        if "MetricStat" in metric
    }
    return single | computed


@pytest.mark.postgres
@pytest.mark.usefixtures("s3_endpoint")
def test_every_alarm_gets_the_metric_it_watches(spool: str, warehouse_url: str) -> None:
    collector = published("collector", "one", SPOOL=spool, COLLECTOR="collector-a")
    queries = str(DEPLOY / "prometheus" / "query-exporter.yml")
    warehouse = published("warehouse", "two", WAREHOUSE_URL=warehouse_url, QUERIES=queries)
    assert collector.keys() == {(), ("collector-a",)}
    assert collector[()] == collector["collector-a",]
    # an empty warehouse cannot say how much of the last day was covered, or lost
    assert collector[()] | warehouse[()] | {"day_covered_ratio", "stream_loss_ratio"} >= awaited()
    assert len(awaited()) == 10


@pytest.mark.usefixtures("s3_endpoint")
def test_a_topic_that_is_not_joined_is_counted(spool: str) -> None:
    published("collector", "three", SPOOL=spool, COLLECTOR="collector-b")
    values = boto3.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {
                "Id": "missing",
                "MetricStat": {
                    "Metric": {"Namespace": "three", "MetricName": "topics_missing"},
                    "Period": 3600,
                    "Stat": "Maximum",
                },
            }
        ],
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2100-01-01T00:00:00Z",
    )["MetricDataResults"][0]["Values"]
    assert values == [1.0]


@pytest.mark.usefixtures("s3_endpoint")
def test_a_collector_that_is_down_is_one_sentence_and_another_programs_page_is_not_read(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Page) as other:
        threading.Thread(target=other.serve_forever).start()
        done = run("collector", "four", METRICS_PORT=str(other.server_address[1]), SPOOL=str(tmp_path))
        other.shutdown()
    assert done.returncode == 1
    assert done.stderr == (
        f"publish-metrics: no collector that serves metrics writes into {tmp_path}. "
        "See: systemctl status tidemark-collector\n"
    )
    assert boto3.client("cloudwatch").list_metrics(Namespace="four")["Metrics"] == []


@pytest.mark.usefixtures("s3_endpoint")
def test_a_collector_that_hangs_is_one_sentence(tmp_path: Path, unused_tcp_port: int) -> None:
    with held(tmp_path) as lock:
        lock.publish(f"http://127.0.0.1:{unused_tcp_port}")
        said = run("collector", "five", SPOOL=str(tmp_path)).stderr
    address = f"http://127.0.0.1:{unused_tcp_port}"
    assert said.startswith(
        f"publish-metrics: the collector, process {os.getpid()}, does not answer at {address}. See: "
    )
    assert said.count("\n") == 1


@pytest.mark.usefixtures("s3_endpoint")
def test_a_warehouse_or_a_cloudwatch_that_does_not_answer_is_one_sentence(
    spool: str, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = f"postgresql://me:s3cret@127.0.0.1:{unused_tcp_port}/warehouse"
    said = run("warehouse", "six", WAREHOUSE_URL=away, QUERIES=str(DEPLOY / "prometheus" / "query-exporter.yml")).stderr
    assert said.startswith("publish-metrics: the warehouse (127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_tcp_port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    unheard = run("collector", "seven", SPOOL=spool).stderr
    assert unheard.startswith("publish-metrics: CloudWatch: ")
    for each in (said, unheard):
        assert each.count("\n") == 1
        assert "s3cret" not in each
