"""Prometheus metrics: names, labels and values as a scrape sees them."""

import platform
from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector as Source

from collector.metrics import families, print_metrics, registry_of
from collector.status import Status
from tests.collector.test_status import WELL
from tidemark.core.version import VERSION


class Fixed(Source):
    def collect(self) -> Iterator[Metric]:
        return families(Status(**WELL | {"lag": None, "lost": {"stalled": 2}, "connect_failures": {"proxy_port": 4}}))


def test_a_scrape_sees_every_number() -> None:
    text = print_metrics(registry_of(Fixed())).decode()
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    expected = {
        ("tidemark_build_info", platform.python_version(), VERSION): 1,
        ("tidemark_received_messages_total", "item_sold"): 3,
        ("tidemark_received_bytes_total",): 900,
        ("tidemark_persisted_messages_total",): 3,
        ("tidemark_persisted_bytes_total",): 900,
        ("tidemark_dropped_messages_total",): 0,
        ("tidemark_lost_log_lines_total",): 0,
        ("tidemark_clock_steps_total",): 0,
        ("tidemark_gaps_total", "connecting"): 1,
        ("tidemark_gap_seconds_total", "connecting"): 0.5,
        ("tidemark_connections_lost_total", "stalled"): 2,
        ("tidemark_connect_failures_total", "proxy_port"): 4,
        ("tidemark_topics_expected",): 1,
        ("tidemark_topics_joined",): 1,
        ("tidemark_ready",): 1,
        ("tidemark_last_event_age_seconds",): 1.5,
        ("tidemark_sync_age_seconds",): 0.5,
        ("tidemark_disk_free_bytes",): 10**9,
        ("tidemark_pending_upload_files",): 2,
        ("tidemark_upload_failures_total",): 0,
        ("tidemark_oldest_pending_upload_seconds",): 3600,
    }
    assert {name: value for name, value in samples.items() if name[0].startswith("tidemark")} == expected
    assert ("process_resident_memory_bytes",) in samples
