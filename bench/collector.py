"""The collector beside a loop that does nothing and beside the obvious recorder, against one flooding server.

`collector_vs_bare_loop` and `collector_vs_json_recorder` are ratios of messages per second, each the median of
interleaved rounds. `collector_cpu_at_3000` is the share of a core at 3,000 messages a second over TLS,
`collector_rss_growth_mb` by how much more memory five million messages take than a short flood does.
"""

import asyncio
import json
import os
import resource
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import structlog
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from bench import results
from collector.run import Collector
from collector.settings import CollectorSettings
from collector.spool.disk import Disk
from simulator.market.market import Market

ROUNDS = 5
FLOOD = 200_000
LONG = 5_000_000
PACED = 3_000
BLOCK = 64
JOIN = '["1","1","collection:*","phx_join",{}]'
JOINED = '["1","1","collection:*","phx_reply",{"status":"ok","response":{}}]'


def blocks(size: int) -> list[bytes]:
    """Return the frames of a simulated market as they go over the wire, in blocks of so many."""
    market, start = Market(1, sales_share=0.02), datetime(2026, 11, 22, tzinfo=UTC)
    bodies = [market.next(start + timedelta(milliseconds=index)).body for index in range(BLOCK * 40)]
    frames = [Frame(Opcode.TEXT, b'["1",null,"collection:*","item_sold",' + body + b"]") for body in bodies]
    wire = [frame.serialize(mask=False) for frame in frames]
    return [b"".join(wire[at : at + size]) for at in range(0, len(wire), size)]


async def flood(certificate: str) -> None:
    """Send each client as many messages as its address asks for: `/COUNT/RATE`, rate 0 as fast as it reads."""
    floods, drops = blocks(BLOCK), blocks(1)

    async def handler(ws: ServerConnection) -> None:
        assert ws.request is not None
        count, rate = (int(part) for part in ws.request.path.partition("?")[0].split("/")[1:])
        await ws.recv()
        await ws.send(JOINED)
        began = time.perf_counter()
        ready, size = (drops, 1) if rate else (floods, BLOCK)
        for number in range(count // size):
            ws.transport.write(ready[number % len(ready)])
            ahead = number * size / rate - (time.perf_counter() - began) if rate else 0
            while ahead > 0 or ws.transport.get_write_buffer_size() > 1 << 20:
                await asyncio.sleep(max(ahead, 0.0005))
                ahead = 0
        await ws.wait_closed()

    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    async with serve(handler, "localhost", 0, ssl=context, compression=None, ping_interval=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


async def bare(url: str, count: int, _: Path) -> None:
    """Receive and do nothing."""
    async with connect(url, compression=None, ping_interval=None, max_size=None) as ws:
        await ws.send(JOIN)
        for _ in range(count + 1):
            await ws.recv()


async def recorder(url: str, count: int, folder: Path) -> None:
    """Record as one would at first."""
    async with connect(url, compression=None, ping_interval=None, max_size=None) as ws:
        await ws.send(JOIN)
        with (folder / "messages.jsonl").open("w") as file:
            for _ in range(count + 1):
                file.write(json.dumps(json.loads(await ws.recv())) + "\n")


async def tidemark(url: str, count: int, folder: Path) -> None:
    """Record as Tidemark does; what is sealed is removed, so that a long run needs no large disk."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    disk = Disk(folder)
    disk.prepare()
    collector = Collector(
        CollectorSettings(_env_file=None, collector="bench", spool=folder, stream_url=url, OPENSEA_API_KEY="key"), disk
    )
    stop = asyncio.Event()
    running = asyncio.create_task(collector.run(stop))
    while collector.recorder.received.total() < count:
        await asyncio.sleep(0.01)
        for name in disk.names("sealed"):
            disk.remove(f"sealed/{name}")
    stop.set()
    await running


CLIENTS: dict[str, Callable[[str, int, Path], Awaitable[None]]] = {
    "bare": bare, "recorder": recorder, "tidemark": tidemark,
}  # fmt: skip


def client(name: str, url: str, count: int) -> None:
    """Run a client and print its seconds, CPU seconds and the megabytes of memory that it took at most."""
    with TemporaryDirectory() as folder:
        began, busy = time.perf_counter(), time.process_time()
        try:
            asyncio.run(CLIENTS[name](url, count, Path(folder)))
        except ConnectionClosed:
            sys.exit("the server hung up")
        figures = time.perf_counter() - began, time.process_time() - busy
    print(*figures, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


@contextmanager
def server(certificate: str = "") -> Iterator[str]:
    """Run the flooding server and yield its address."""
    command = [sys.executable, "-m", "bench.collector", "flood", certificate]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield f"{'wss' if certificate else 'ws'}://localhost:{port}"
        process.kill()


def measured(name: str, address: str, count: int, rate: int = 0, **environment: str) -> tuple[float, float, float]:
    """Return a client's seconds, CPU seconds and megabytes, from a process of its own."""
    count -= count % BLOCK
    command = [sys.executable, "-m", "bench.collector", name, f"{address}/{count}/{rate}", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | environment)
    seconds, busy, megabytes = map(float, done.stdout.split())
    return seconds, busy, megabytes


def certified(folder: Path) -> str:
    """Make a certificate for localhost, key included."""
    path = str(folder / "localhost.pem")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    Path(path).write_text(Path(path).read_text() + Path(f"{path}.crt").read_text())
    return path


def main() -> None:
    speeds: dict[str, list[float]] = {name: [] for name in CLIENTS}
    with server() as address:
        for _ in range(ROUNDS):
            for name in CLIENTS:
                speeds[name].append(FLOOD / measured(name, address, FLOOD)[0])
        for name, found in speeds.items():
            print(f"{name}: {median(found):,.0f} messages/s")
        ours = median(speeds["tidemark"])
        results.record(
            collector_vs_bare_loop=ours / median(speeds["bare"]),
            collector_vs_json_recorder=ours / median(speeds["recorder"]),
        )
        short, long = measured("tidemark", address, FLOOD)[2], measured("tidemark", address, LONG)[2]
        results.record(collector_rss_growth_mb=long - short)
    with TemporaryDirectory() as folder:
        certificate = certified(Path(folder))
        with server(certificate) as address:
            seconds, busy, _ = measured("tidemark", address, 20 * PACED, PACED, SSL_CERT_FILE=f"{certificate}.crt")
    results.record(collector_cpu_at_3000=busy / seconds)


if __name__ == "__main__":
    if sys.argv[1] == "flood":
        asyncio.run(flood(sys.argv[2]))
    else:
        client(sys.argv[1], sys.argv[2], int(sys.argv[3]))
