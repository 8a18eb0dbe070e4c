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
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_address[1]
        server.shutdown()


def published(what: str, namespace: str, **settings: str) -> dict[tuple[str, ...], set[str]]:
    """Run the script and return the names of what CloudWatch has afterwards, by the machines they are told of."""
    told = {f"TIDEMARK_{name}": value for name, value in settings.items()} | {"TIDEMARK_METRICS_NAMESPACE": namespace}
    subprocess.run([sys.executable, DEPLOY / "lib" / "publish-metrics", what], env={**os.environ, **told}, check=True)
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
def test_every_alarm_gets_the_metric_it_watches(port: int, warehouse_url: str) -> None:
    collector = published("collector", "one", METRICS_PORT=str(port), COLLECTOR="collector-a")
    queries = str(DEPLOY / "prometheus" / "query-exporter.yml")
    warehouse = published("warehouse", "two", WAREHOUSE_URL=warehouse_url, QUERIES=queries)
    assert collector.keys() == {(), ("collector-a",)}
    assert collector[()] == collector["collector-a",]
    # an empty warehouse cannot say how much of the last day was covered, or lost
    assert collector[()] | warehouse[()] | {"day_covered_ratio", "stream_loss_ratio"} >= awaited()
    assert len(awaited()) == 10


@pytest.mark.usefixtures("s3_endpoint")
def test_a_topic_that_is_not_joined_is_counted(port: int) -> None:
    published("collector", "three", METRICS_PORT=str(port), COLLECTOR="collector-b")
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
def test_a_collector_that_is_down_is_not_reported_as_well(unused_tcp_port: int) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        published("collector", "four", METRICS_PORT=str(unused_tcp_port), COLLECTOR="collector-a")
    assert boto3.client("cloudwatch").list_metrics(Namespace="four")["Metrics"] == []
