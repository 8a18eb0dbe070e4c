"""The collector as a process: the lock, signals, logs, metrics, and the service manager."""

import asyncio
import signal
from collections.abc import Iterator

import msgspec
import structlog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector as Source

from collector import logs, metrics
from collector.http import Answer, HttpServer
from collector.run import Collector
from collector.settings import METRICS_PORT, CollectorSettings
from collector.spool.disk import Disk
from collector.spool.lock import Lock, held
from collector.systemd import Notifier
from tidemark.core.errors import Problem

_log = structlog.get_logger()


def main(settings: CollectorSettings) -> None:
    """Run until SIGTERM or SIGINT. Raises Problem where it cannot start."""
    logs.configure(settings.log_format)
    with held(settings.spool, timeout=2.0) as lock:
        asyncio.run(_run(settings, lock))


async def _run(settings: CollectorSettings, lock: Lock) -> None:
    collector = _opened(settings)
    notifier = Notifier()
    stop = asyncio.Event()

    def end() -> None:
        notifier.tell("STOPPING=1")
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, collector.reload)
    async with _server(settings, collector) as server:
        lock.publish(server.address)
        _log.info("recording", collector=settings.collector, spool=str(settings.spool), metrics=server.address)
        notifier.tell("READY=1")
        watching = asyncio.create_task(_report(collector, notifier))
        await collector.run(stop)
        watching.cancel()
    _log.info("stopped", persisted=collector.spool.persisted, dropped=collector.spool.dropped)


def _opened(settings: CollectorSettings) -> Collector:
    disk = Disk(settings.spool)
    try:
        disk.prepare()
        return Collector.open(settings, disk)
    except OSError as error:
        hint = "give this user a folder it may write, on a disk that works, in TIDEMARK_SPOOL"
        raise Problem(f"the spool {settings.spool} cannot be used: {error.strerror}", hint) from error


async def _report(collector: Collector, notifier: Notifier) -> None:
    """Keep the service manager's watchdog quiet while the loop runs and the disk answers."""
    while True:
        if collector.sync_age <= collector.sync_limit:
            notifier.tell("WATCHDOG=1", f"STATUS={_state(collector)[:200]}")
        await asyncio.sleep(min(10.0, notifier.watchdog_seconds / 3 or 10.0))


def _state(collector: Collector) -> str:
    try:
        status = collector.status()
    except OSError as error:  # a spool that cannot be listed is no reason to end a collector that writes
        return f"writing; how it is cannot be told: {error.strerror}"
    return "; ".join(status.troubles) or f"joined and writing, {status.persisted} messages persisted"


class _Metrics(Source):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def collect(self) -> Iterator[Metric]:
        return metrics.families(self._collector.status())


def _server(settings: CollectorSettings, collector: Collector) -> HttpServer:
    registry = metrics.registry_of(_Metrics(collector))

    def ready() -> Answer:
        status = collector.status()
        return Answer(200 if status.ready else 503, msgspec.json.encode({"troubles": status.troubles}))

    routes = {
        "/healthz": lambda: Answer(200, b'{"alive":true}'),
        "/readyz": ready,
        "/status": lambda: Answer(200, msgspec.json.encode(collector.status())),
        "/metrics": lambda: Answer(200, metrics.print_metrics(registry), metrics.MEDIA_TYPE),
    }
    return HttpServer(routes, settings.metrics_host, settings.metrics_port, METRICS_PORT)
