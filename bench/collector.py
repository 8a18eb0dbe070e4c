"""What the collector costs beside a bare `websockets` loop, beside the obvious recorder, and on other libraries.

A server in a process of its own floods one client after the other; client and server each have a core where there are
two. Ratios are of messages per second of the client's CPU: they hold on a busy machine, too, and on a calm one they are
those of the throughput, for the client fills its core. The share of a core at 3,000 messages/s is taken over TLS, once
with thirty messages each hundredth of a second, as the simulator beats, and once with each message sent by itself. Last
come ten times as many for ten minutes (`BENCH_SUSTAINED_S`), with the seconds of that time that the ledger does not
cover.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import results
from bench.certificate import self_signed

ROUNDS = 3
_WHOLE = {
    "websockets": 150_000,
    "tidemark": 150_000,
    "json": 30_000,
    "tidemark+uvloop": 150_000,
    "tidemark-picows": 150_000,
    "tidemark-aiohttp": 150_000,
    "websockets+uvloop": 150_000,
    "picows": 300_000,
    "aiohttp": 300_000,
}
MESSAGES = {name: results.scaled(messages) for name, messages in _WHOLE.items()}
MANY = results.scaled(int(os.environ.get("BENCH_MESSAGES", "5000000")))
RATE, PACED_SECONDS = 3_000, 5
SUSTAINED_RATE = 30_000
SUSTAINED_SECONDS = results.scaled(int(os.environ.get("BENCH_SUSTAINED_S", "600")))
PACED = {
    "collector_cpu_at_3000": ("tidemark", 30),
    "bare_loop_cpu_at_3000": ("websockets", 30),
    "collector_cpu_at_3000_singly": ("tidemark", 1),
    "bare_loop_cpu_at_3000_singly": ("websockets", 1),
}
CORES = sorted(os.sched_getaffinity(0))


def main() -> None:
    with serving() as address:
        rounds = [compared(address) for _ in range(ROUNDS)]
        growth = measured("tidemark", address, MANY)["growth_mb"]
    print(f"{MANY:,} messages: memory grew by {growth:.1f} MB", flush=True)
    shares = [paced() for _ in range(ROUNDS)]
    sustained = at_pace("tidemark", SUSTAINED_RATE, SUSTAINED_RATE // 100, SUSTAINED_SECONDS)
    print(f"{SUSTAINED_RATE:,}/s for {SUSTAINED_SECONDS} s: {sustained}", flush=True)
    results.record(
        collector_vs_bare_loop=ratio(rounds, "websockets"),
        collector_vs_json_recorder=ratio(rounds, "json"),
        collector_cpu_at_3000=median(found["collector_cpu_at_3000"] for found in shares),
        bare_loop_cpu_at_3000=median(found["bare_loop_cpu_at_3000"] for found in shares),
        collector_cpu_at_3000_singly=median(found["collector_cpu_at_3000_singly"] for found in shares),
        bare_loop_cpu_at_3000_singly=median(found["bare_loop_cpu_at_3000_singly"] for found in shares),
        collector_rss_growth_mb=growth,
        collector_cpu_at_30000=sustained["core"],
        collector_received_at_30000=sustained["wall_s"],
        collector_gap_s_at_30000=sustained["gap_s"],
        received_per_cpu_s={name: median(found[name]["cpu_s"] for found in rounds) for name in MESSAGES},
    )


def compared(address: str) -> dict[str, dict[str, float]]:
    found = {}
    for name, messages in MESSAGES.items():
        found[name] = each = measured(name, address, messages)
        print(f"{name}: {each['cpu_s']:,.0f} messages per second of CPU, {each['wall_s']:,.0f} a second", flush=True)
    return found


def paced() -> dict[str, float]:
    """Return the shares of a core that the collector and the bare loop take at a steady rate over TLS."""
    shares = {}
    for figure, (name, together) in PACED.items():
        shares[figure] = at_pace(name, RATE, together, PACED_SECONDS)["core"]
        print(f"{figure}: {shares[figure]:.1%} of a core", flush=True)
    return shares


def at_pace(name: str, rate: int, together: int, seconds: int) -> dict[str, float]:
    """Run a client for some seconds at a steady rate over TLS, with `together` messages at once."""
    with TemporaryDirectory() as folder:
        certificate = Path(folder) / "certificate.pem"
        certificate.write_bytes(self_signed())
        with serving(str(rate), str(together), str(certificate)) as address:
            return measured(name, address, rate * seconds, certificate)


def ratio(rounds: list[dict[str, dict[str, float]]], other: str) -> float:
    return median(found["tidemark"]["cpu_s"] / found[other]["cpu_s"] for found in rounds)


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """Run the server on the first core; lend its address."""
    command = [sys.executable, "-m", "bench.flood", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        os.sched_setaffinity(server.pid, CORES[:1])
        assert server.stdout  # a pipe
        try:
            yield f"{'wss' if arguments else 'ws'}://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def measured(name: str, address: str, messages: int, trusted: Path | None = None) -> dict[str, float]:
    """Run a client on the last core; return what it found."""
    command = [sys.executable, "-m", "bench.receivers", name, f"{address}/{messages}", str(messages)]
    environment = os.environ | ({"SSL_CERT_FILE": str(trusted)} if trusted else {})
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as client:
        os.sched_setaffinity(client.pid, CORES[-1:])
        told, _ = client.communicate()
    if client.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return dict(json.loads(told.splitlines()[-1]))
