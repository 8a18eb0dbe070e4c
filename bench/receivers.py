"""The clients of the receiving benchmarks, each a process of its own: `python -m bench.receivers NAME URL MESSAGES`.

Prints what receiving took, from the first message to the last. With `+uvloop` behind its name a client runs on that.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import aiohttp
import psutil
import uvloop
from picows import websockets as picows
from pydantic import SecretStr
from websockets.asyncio.client import connect

from bench.edges import connect_aiohttp, connect_picows
from bench.flood import JOIN
from collector.run import Collector
from collector.settings import CollectorSettings
from collector.spool.disk import SEALED, Disk
from collector.stream.subscriber import Connect, Surroundings
from collector.stream.websocket import open_websocket
from tests.support.ledgers import COVERAGE, gaps_in

WARM = 100_000
CHECK_SECONDS = 0.01
PROVEN_WITHIN = timedelta(seconds=1)  # what arrives at the very end is proven by what would have come after it


class Stopwatch:
    """Measures from here on; `seen` messages came before."""

    def __init__(self, seen: int = 0) -> None:
        self.seen = seen
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def told(self, messages: int) -> dict[str, float]:
        """Return messages a second, messages per second of CPU, and the share of a core, all threads together."""
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        return {"wall_s": (messages - self.seen) / wall, "cpu_s": (messages - self.seen) / cpu, "core": cpu / wall}


async def websockets_loop(url: str, messages: int, connect: Any = connect) -> dict[str, float]:
    """Receive with `websockets`, or with a likeness of it, and do nothing."""
    async with connect(url, compression=None, ping_interval=None) as socket:
        await socket.send(JOIN)
        await socket.recv()
        watch = Stopwatch()
        for _ in range(messages):
            await socket.recv(decode=False)
        return watch.told(messages)


async def aiohttp_loop(url: str, messages: int) -> dict[str, float]:
    """Receive with aiohttp, and do nothing."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url, decode_text=False) as socket:
        await socket.send_str(JOIN)
        await socket.receive()
        watch = Stopwatch()
        for _ in range(messages):
            await socket.receive()
        return watch.told(messages)


async def json_recorder(url: str, messages: int) -> dict[str, float]:
    """Record as one would at first: parse, print, write; nothing is synced."""
    with TemporaryDirectory() as folder, (Path(folder) / "events.jsonl").open("w") as file:
        async with connect(url, ping_interval=None) as socket:
            await socket.send(JOIN)
            await socket.recv()
            watch = Stopwatch()
            for _ in range(messages):
                _, _, topic, _, message = json.loads(await socket.recv())
                record = {"received_at": datetime.now(UTC).isoformat(), "topic": topic, "message": message}
                file.write(json.dumps(record) + "\n")
            file.flush()
            return watch.told(messages)


async def tidemark(url: str, messages: int, connect_edge: Connect = open_websocket) -> dict[str, float]:
    """Record with the collector itself: all that `tidemark collect` does but its metrics.

    It syncs each second meanwhile; the last message counts when the operating system has it. Sealed segments are
    removed, as an upload would.
    """
    with TemporaryDirectory() as folder:
        disk = Disk(Path(folder))
        disk.prepare()
        address, key = SecretStr(url), SecretStr("key")
        settings = CollectorSettings(
            collector="bench", spool=disk.root, stream_url=address, opensea_api_key=key, _env_file=None
        )
        collector, stop = Collector.open(settings, disk, around=Surroundings(connect=connect_edge)), asyncio.Event()
        running = asyncio.create_task(collector.run(stop))
        await received(collector, 1)
        since = datetime.now(UTC)
        watch = Stopwatch(collector.recorder.received.total())
        growth = await memory_growth(collector, disk, messages)
        collector.recorder.flush()
        told = watch.told(collector.spool.persisted)
        until = datetime.now(UTC) - PROVEN_WITHIN
        stop.set()
        await running
        told |= {"gap_s": gap_seconds(disk, since, until)}
    if collector.spool.persisted != messages:
        raise SystemExit(f"{collector.spool.persisted} of {messages} messages were persisted")
    return told | {"growth_mb": growth}


async def received(collector: Collector, messages: int) -> None:
    while collector.recorder.received.total() < messages:  # noqa: ASYNC110 - the collector announces nothing
        await asyncio.sleep(CHECK_SECONDS)


async def memory_growth(collector: Collector, disk: Disk, messages: int) -> float:
    """Wait for all messages; return by how many MB the memory grew at most after the first of them."""
    process = psutil.Process()
    await received(collector, min(WARM, messages))
    first = most = process.memory_info().rss
    while collector.recorder.received.total() < messages:
        for name in disk.names(SEALED):
            if not name.endswith(COVERAGE):
                disk.remove(f"{SEALED}/{name}")
        most = max(most, process.memory_info().rss)
        await asyncio.sleep(CHECK_SECONDS)
    return (most - first) / 1e6


def gap_seconds(disk: Disk, since: datetime, until: datetime) -> float:
    """Return how many seconds between two times the ledgers do not cover."""
    lasting = ((min(gap.end, until) - max(gap.start, since)).total_seconds() for gap in gaps_in(disk))
    return sum(seconds for seconds in lasting if seconds > 0)


RECEIVERS: dict[str, Callable[[str, int], Coroutine[Any, Any, dict[str, float]]]] = {
    "websockets": websockets_loop,
    "picows": partial(websockets_loop, connect=picows.connect),
    "aiohttp": aiohttp_loop,
    "json": json_recorder,
    "tidemark": tidemark,
    "tidemark-picows": partial(tidemark, connect_edge=cast("Connect", connect_picows)),
    "tidemark-aiohttp": partial(tidemark, connect_edge=cast("Connect", connect_aiohttp)),
}


if __name__ == "__main__":
    name, _, loop = sys.argv[1].partition("+")
    run = uvloop.run if loop == "uvloop" else asyncio.run
    print(json.dumps(run(RECEIVERS[name](sys.argv[2], int(sys.argv[3])))))
