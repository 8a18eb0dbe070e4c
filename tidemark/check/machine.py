"""The machine itself: the spool's folder and disk, the clock, and the proxy that connections take."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from collector.http import HttpServer
from collector.settings import METRICS_PORT
from collector.spool.lock import holder, refuse_moved
from tidemark.check.report import Warned
from tidemark.core.clock import refuse_unset
from tidemark.core.errors import Problem

_GIB = 1 << 30
_SCARCE, _TOO_LITTLE = 10 * _GIB, _GIB
_CLOCK_WARNING, _CLOCK_FAILURE = 2.0, 30.0
_CLOCK_HINT = "Run a time service, such as chrony or systemd-timesyncd"


def check_spool(
    spool: Path, free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> str | Warned:
    """Return the free space of the spool. Raises OSError or Problem where it is nearly full or cannot be written."""
    refuse_moved(spool)
    there = next(folder for folder in (spool, *spool.absolute().parents) if folder.exists())
    if not os.access(there, os.W_OK):
        raise Problem(f"{there} cannot be written by this user", "Run it as the user of the collector, or chown it")
    if spool.exists():
        with tempfile.TemporaryFile(dir=spool) as file:
            file.write(b"tidemark check\n")
            file.flush()
            os.fsync(file.fileno())
    free = free_bytes(there)
    note = f"{spool} can be written; {free / _GIB:,.1f} GiB free" + ("" if spool.exists() else "; not made yet")
    if free < _TOO_LITTLE:
        raise Problem(f"only {free / _GIB:,.1f} GiB are free in {there}", "Make room, or use a larger disk")
    if free < _SCARCE:
        return Warned(note, "A busy day of all collections needs about 10 GiB while nothing is uploaded")
    return note


def check_metrics(spool: Path, host: str, port: int | None) -> str:
    """Return where the collector serves its metrics, or could. Raises Problem where it cannot."""
    running = holder(spool)
    if running is None:
        return f"can be served at {asyncio.run(_tried(HttpServer({}, host, port, METRICS_PORT)))}"
    if not running.address:
        hint = "Free TIDEMARK_METRICS_PORT or choose another; the collector tries again by itself, its log says why"
        raise Problem(f"process {running.pid} records and serves no metrics on {host} port {port}", hint)
    return f"served at {running.address}"


async def _tried(server: HttpServer) -> str:
    async with server:
        return server.address


def check_clock(ours: float) -> str:
    """Return what this machine's clock shows, in seconds since 1970. Raises Problem where it was never set."""
    refuse_unset(ours)
    return f"{datetime.fromtimestamp(ours, UTC):%Y-%m-%d %H:%M:%S} UTC"


def compare_clocks(theirs: datetime, ours: float, note: str) -> str | Warned:
    """Return a note that says how far this machine's clock is from a server's, in seconds since 1970.

    Raises Problem where times of receiving would be wrong by half a minute or more.
    """
    difference = ours - theirs.timestamp()
    if abs(difference) < _CLOCK_WARNING:  # a Date header has whole seconds
        return f"{note}; the clocks agree"
    direction = "ahead of" if difference > 0 else "behind"
    told = f"this machine's clock is {abs(difference):,.0f} s {direction} the server's"
    if abs(difference) >= _CLOCK_FAILURE:
        raise Problem(told, _CLOCK_HINT)
    return Warned(f"{note}; {told}", _CLOCK_HINT)


def check_proxy(addresses: Mapping[str, str]) -> str:
    """Return which proxy the connection to each address takes, by name, without a proxy's password."""
    return "; ".join(f"{name} {_way(address)}" for name, address in addresses.items())


def _way(address: str) -> str:
    url = urlsplit(address)
    scheme = {"wss": "https", "ws": "http"}.get(url.scheme, url.scheme)
    proxy = getproxies().get(scheme) or getproxies().get("all")
    if not proxy or proxy_bypass(url.hostname or ""):
        return "directly"
    taken = urlsplit(proxy)
    return f"by proxy {taken.hostname}:{taken.port or 'default port'}"
