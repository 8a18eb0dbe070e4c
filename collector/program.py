"""The collector as a process: the lock, signals, logs, metrics, and the service manager."""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, TextIO, cast

import msgspec
import structlog
from msgspec.structs import replace
from prometheus_client.core import Metric
from prometheus_client.registry import Collector as Source

from collector import metrics
from collector.http import Answer, HttpServer
from collector.output import LossyStream
from collector.run import Collector
from collector.settings import METRICS_PORT, CollectorSettings
from collector.spool.disk import Disk
from collector.spool.lock import Lock, held
from collector.status import Status
from tidemark.core.clock import refuse_unset
from tidemark.core.errors import Problem, raised_in

_log = structlog.get_logger()


def configure_logs(form: Literal["json", "console", "auto"]) -> LossyStream:
    """Log one line per event to standard error, as JSON or for a person; `auto` chooses by whether it is a terminal.

    Returns the stream: it drops and counts the lines that cannot be written, for recording goes on without a log.
    """
    stream = LossyStream(sys.stderr)
    readable = form == "console" or (form == "auto" and sys.stderr.isatty())
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    printer: structlog.typing.Processor = plain if readable else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            printer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", stream)),
        cache_logger_on_first_use=False,
    )
    return stream


class Notifier:
    """Sends the process's state to systemd, see sd_notify(3). Without systemd it does nothing."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_seconds = int(environ.get("WATCHDOG_USEC", "0") or 0) / 1e6

    def send(self, *states: str) -> None:
        """Send states such as `READY=1`; one that cannot be sent is dropped."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.setblocking(False)
            try:
                manager.sendto("\n".join(states).encode(), self._address)
            except OSError:
                return


def main(settings: CollectorSettings, real: Callable[[], float] = time.time) -> None:
    """Run until SIGTERM or SIGINT. Raises Problem where it cannot start; `real` is the machine's clock."""
    refuse_unset(real())  # what it records would lie in hours that are decades from the others
    log = configure_logs(settings.log_format)
    with held(settings.spool, timeout=2.0) as lock:
        asyncio.run(_run(settings, lock, log))


async def _run(settings: CollectorSettings, lock: Lock, log: LossyStream) -> None:
    collector = _opened(settings)
    notifier = Notifier()
    stop = asyncio.Event()

    def end() -> None:
        notifier.send("STOPPING=1")
        stop.set()

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_callback)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, collector.reload)
    async with served(_server(settings, collector, log), lock) as address:
        _log.info("recording", collector=settings.collector, spool=str(settings.spool), metrics=address)
        notifier.send("READY=1")
        watching = asyncio.create_task(_report(collector, notifier))
        await collector.run(stop)
        watching.cancel()
    _log.info("stopped", persisted=collector.spool.persisted, dropped=collector.spool.dropped)


@asynccontextmanager
async def served(server: HttpServer, lock: Lock, *, again: float = 10.0) -> AsyncIterator[str]:
    """Serve within the block and publish the address, which is yielded.

    Where nothing can be served, the address is empty, and it is tried again every `again` seconds: a port that another
    program has, or an address that a machine has not got yet, must keep nobody from recording.
    """

    async def start_later() -> None:
        while not server.address:
            await asyncio.sleep(again)
            with suppress(Problem):
                await server.start()
        lock.publish(server.address)
        _log.info("metrics are served", metrics=server.address)

    waiting = None
    try:
        await server.start()
        lock.publish(server.address)
    except Problem as problem:
        _log.error("metrics are not served", problem=problem.what, hint=problem.hint, again_in=again)
        waiting = asyncio.create_task(start_later())
    try:
        yield server.address
    finally:
        if waiting:
            waiting.cancel()
        server.close()


def _log_callback(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what a callback raised as one line, without a library's text."""
    error = context.get("exception")
    if isinstance(error, EOFError):  # websockets ends the stream of a proxy that left without an answer twice
        return
    _log.error("a callback failed", error=type(error).__name__, place=error and raised_in(error))


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
            notifier.send("WATCHDOG=1", f"STATUS={_state(collector)[:200]}")
        await asyncio.sleep(min(10.0, notifier.watchdog_seconds / 3 or 10.0))


def _state(collector: Collector) -> str:
    try:
        status = collector.status()
    except OSError as error:  # a collector goes on writing while its spool cannot be listed
        return f"writing; its status cannot be read: {error.strerror}"
    return "; ".join(status.troubles) or f"joined and writing, {status.persisted} messages persisted"


class _Metrics(Source):
    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        return metrics.families(self._status())


def _server(settings: CollectorSettings, collector: Collector, log: LossyStream) -> HttpServer:
    def status() -> Status:
        return replace(collector.status(), lost_log_lines=log.lost)

    registry = metrics.registry_of(_Metrics(status))

    def ready() -> Answer:
        now = status()
        return Answer(200 if now.ready else 503, msgspec.json.encode({"troubles": now.troubles}))

    routes = {
        "/healthz": lambda: Answer(200, b'{"alive":true}'),
        "/readyz": ready,
        "/status": lambda: Answer(200, msgspec.json.encode(status())),
        "/metrics": lambda: Answer(200, metrics.print_metrics(registry), metrics.MEDIA_TYPE),
    }
    return HttpServer(routes, settings.metrics_host, settings.metrics_port, METRICS_PORT)
