"""Prometheus metrics, computed when they are asked for, so that receiving does not pay for them."""

import platform
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as Source

from collector.status import Status
from tidemark.core.version import VERSION

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def registry_of(source: Source) -> CollectorRegistry:
    """Return a registry with the collector's metrics and those of its process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(source)
    ProcessCollector(registry=registry)
    return registry


def print_metrics(registry: CollectorRegistry) -> bytes:
    """Print all metrics in Prometheus' text form."""
    return generate_latest(registry)


def families(status: Status) -> Iterator[Metric]:
    """Return the metric families of a status."""
    build = GaugeMetricFamily("tidemark_build_info", "The software that runs; always 1", labels=["version", "python"])
    build.add_metric([VERSION, platform.python_version()], 1)
    yield build
    yield _by("received_messages", "Messages received, by event type", "type", status.received)
    yield _total("received_bytes", "Bytes of record lines received", status.received_bytes)
    yield _total("persisted_messages", "Messages written to disk", status.persisted)
    yield _total("persisted_bytes", "Bytes written to disk", status.persisted_bytes)
    yield _total("dropped_messages", "Messages received that could not be written", status.dropped)
    yield _total("upload_failures", "Uploads that left something behind", status.upload_failures)
    yield _total("lost_log_lines", "Lines of the log that could not be written", status.lost_log_lines)
    yield _total("clock_steps", "Steps of the machine's clock", status.clock_steps)
    yield _by("gaps", "Gaps in coverage begun, over all topics, by reason", "reason", status.gaps)
    yield _by("gap_seconds", "Seconds without coverage, added over topics, by reason", "reason", status.gap_seconds)
    yield _by("connections_lost", "Connections and channels lost, by reason", "reason", status.lost)
    yield _by("attempts_failed", "Attempts to connect or join that failed, by reason", "reason", status.failed)
    yield _by("connect_failures", "Attempts to connect that failed, by cause", "cause", status.connect_failures)
    for name, text, value in _gauges(status):
        if value is not None:
            yield GaugeMetricFamily(f"tidemark_{name}", text, value)


def _gauges(status: Status) -> Iterable[tuple[str, str, float | None]]:
    return (
        ("topics_expected", "Topics that are meant to be covered", len(status.expected)),
        ("topics_joined", "Topics that are joined now", len(status.joined)),
        ("ready", "1 while everything is joined and written", float(status.ready)),
        ("lag_seconds", "Seconds from sent_at to received_at of the last message", status.lag),
        ("last_event_age_seconds", "Seconds since the last message, or since the start", status.last_event_age),
        ("sync_age_seconds", "Seconds since everything received was last safe on disk", status.sync_age),
        ("disk_free_bytes", "Bytes free for the spool", status.disk_free),
        ("pending_upload_files", "Sealed segments that the archive does not have yet", status.pending_upload),
        ("oldest_pending_upload_seconds", "Age of the oldest of them", status.oldest_pending_upload),
    )


def _total(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"tidemark_{name}", text, value)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"tidemark_{name}", text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
