"""Two collectors under load for long, with a fault every few seconds: is any time claimed in which messages were lost?

`python -m tests.faults.soak --minutes 20 --seed 7` runs them as programs of their own against the simulator, then holds
what was published against their spools, message by message and topic by topic. Exit status 1 if a message is lost in
time that a collector calls covered or says nothing of, or if a fault never fired.
"""

import argparse
import asyncio
import os
import resource
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.collector.spool.account import gaps_in
from tests.faults.oracle import ALL, Balance, balance, runs
from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import read_ledger as read_coverage
from tidemark.archive.manifest import Interval
from tidemark.archive.names import CoverageName, SegmentName
from tidemark.archive.record import read_record
from tidemark.simulator.disk import read_ledger
from tidemark.simulator.faults import (
    Close,
    CrashChannel,
    CrashJoin,
    Fault,
    Garbage,
    Giant,
    HalfOpen,
    IgnoreHeartbeat,
    IgnoreJoin,
    PingFlood,
    Refuse,
    RefuseJoin,
    Reset,
    Silence,
    Slow,
    StaleClose,
)
from tidemark.simulator.ledger import Published
from tidemark.simulator.message import digest_of
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator

COLLECT = "from tidemark.cli.main import main; main()"
SLUG_TOPIC = "collection:harbor-seals"
TOPICS = {"collector-a": (ALL,), "collector-b": (ALL, SLUG_TOPIC)}
KEYS = {f"key-{label[-1]}": label for label in TOPICS}
MESSAGE_BYTES = 2_200
OPEN_FILES = 96


@dataclass(frozen=True)
class Plan:
    """How long, how fast and from which seed; a fault every `pace` seconds, and all times follow from that."""

    seconds: float
    rate: float
    pace: float
    seed: int

    @property
    def settings(self) -> dict[str, str]:
        """The collectors' settings."""
        times = {"HEARTBEAT": 0.25, "REPLY_TIMEOUT": 0.25, "STALL_AFTER": 1.0, "MAX_CONNECTION_AGE": 6.0}
        return {f"TIDEMARK_{name}": f"{min(share * self.pace, 50):g}" for name, share in times.items()}


def _faults(random: Random, plan: Plan) -> list[Callable[[], tuple[Fault, ...]]]:
    """Return what can be done to a client's connections; each choice is one round's faults."""
    pace = plan.pace
    flow = plan.rate * MESSAGE_BYTES
    lost = Reset(), Close(code=random.choice((1000, 1001, 1011, 1012))), CrashChannel()
    return [
        lambda: (Close(code=random.choice((1000, 1001, 1011, 4000))),),
        lambda: (Close(keep_open=True, seconds=random.uniform(0.5, 4) * pace),),
        lambda: (Reset(),),
        lambda: (Silence(seconds=random.uniform(0.1, 0.9) * pace),),
        lambda: (Silence(seconds=random.uniform(3, 7.5) * pace),),
        lambda: (Silence(topic=ALL, seconds=random.uniform(0.5, 4) * pace),),
        lambda: (Silence(topic=SLUG_TOPIC, seconds=random.uniform(0.5, 4) * pace),),
        lambda: (Slow(bytes_per_second=int(flow * random.uniform(0.3, 0.95))),),
        lambda: (Slow(bytes_per_second=int(flow * 0.4)), Reset(after=random.uniform(0.3, 1) * pace)),
        lambda: (Slow(bytes_per_second=40_000, seconds=random.uniform(0.1, 1) * pace),),
        lambda: (HalfOpen(seconds=random.uniform(0.1, 3) * pace),),
        lambda: (CrashChannel(event=random.choice(("phx_error", "phx_close"))),),
        lambda: (CrashChannel(topic=ALL),),
        lambda: (StaleClose(),),
        lambda: (IgnoreHeartbeat(times=3),),
        lambda: (Refuse(status=random.choice((500, 503)), times=random.randint(1, 3)), random.choice(lost)),
        lambda: (Refuse(status=429, retry_after="2"), Reset()),
        lambda: (CrashJoin(), random.choice(lost)),
        lambda: (RefuseJoin(times=2), CrashChannel()),
        lambda: (IgnoreJoin(), random.choice(lost)),
        lambda: (PingFlood(),),
        lambda: (Garbage(),),
        lambda: (Giant(size=2 << 20),),
    ]  # fmt: skip


class Collector:
    """A collector as a program of its own, with its spool and a limit of open files."""

    def __init__(self, label: str, simulator: Simulator, folder: Path, plan: Plan) -> None:
        self.label = label
        self.spool = folder / label
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        slugs = ("*" if topic == ALL else topic.removeprefix("collection:") for topic in TOPICS[label])
        self._log = (folder / f"{label}.log").open("ab")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TIDEMARK_")},
            **plan.settings,
            "TIDEMARK_COLLECTOR": label,
            "TIDEMARK_SPOOL": str(self.spool),
            "TIDEMARK_COLLECTIONS": ",".join(slugs),
            "TIDEMARK_STREAM_URL": simulator.stream_url,
            "TIDEMARK_METRICS_PORT": str(self.port),
            "TIDEMARK_MAX_MESSAGE_MIB": "1",
            "OPENSEA_API_KEY": f"key-{label[-1]}",
        }

    async def start(self) -> None:
        """Start it."""
        self.process: Process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", COLLECT, "collect", env=self._environment, stdout=self._log, stderr=self._log,
            stdin=DEVNULL,
        )  # fmt: skip
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))

    async def kill(self) -> None:
        """Kill it, and start it again."""
        self.process.kill()
        await self.process.wait()
        await self.start()

    async def crowd(self, seconds: float) -> None:
        """Hold more half-open requests to its metrics port than it may have open files."""
        async with AsyncExitStack() as held:
            for _ in range(2 * OPEN_FILES):
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    held.callback(writer.close)
                    writer.write(b"GET /metrics HTTP/1.1\r\n")
            await asyncio.sleep(seconds)

    async def stop(self) -> int:
        """Stop it in good order and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            status = await self.process.wait()
        self._log.close()
        return status

    def kept(self) -> dict[str, set[str]]:
        """Return the digests on disk by topic."""
        found: dict[str, set[str]] = {topic: set() for topic in TOPICS[self.label]}
        for path in [*self.spool.glob("open/*.jsonl"), *self.spool.glob("sealed/*.jsonl")]:
            try:
                SegmentName.parse(path.name)
            except ValueError:
                continue
            for line in path.read_bytes().splitlines(keepends=True):
                record = read_record(line)
                if record.topic:
                    found.setdefault(record.topic, set()).add(digest_of(bytes(record.message)))
        return found

    def covered(self) -> list[Interval]:
        """Return what it claims to have covered."""
        paths = {CoverageName.parse(path.name).hour: path for path in self.spool.glob("*/*.coverage.jsonl")}
        hours = (coverage_of(read_coverage(path.read_bytes()), hour) for hour, path in paths.items())
        return [interval for coverage in hours for interval in coverage.covered]

    def balances(self, published: list[Published]) -> list[Balance]:
        """Hold what was published against its spool."""
        kept, covered, gaps = self.kept(), self.covered(), gaps_in(self.spool)
        return [balance(topic, published, kept[topic], covered, gaps) for topic in TOPICS[self.label]]


@dataclass(frozen=True)
class Result:
    """What a soak found; `injected` tells when, and what to whom."""

    balances: dict[str, list[Balance]]
    injected: list[tuple[float, str]]
    unfired: set[str]
    fired: Counter[str]

    @property
    def good(self) -> bool:
        """Whether nothing is lost in claimed time, messages flowed, and every kind of fault fired."""
        found = [one for balances in self.balances.values() for one in balances]
        return all(one.good and one.kept for one in found) and not self.unfired


@asynccontextmanager
async def _collectors(simulator: Simulator, folder: Path, plan: Plan) -> AsyncIterator[list[Collector]]:
    """Start both, and stop both in good order."""
    collectors = [Collector(label, simulator, folder, plan) for label in TOPICS]
    for collector in collectors:
        await collector.start()
    try:
        await simulator.until(lambda: all(simulator.joined(label) for label in TOPICS), 60)
        yield collectors
    finally:
        for collector in collectors:
            await collector.stop()


async def soak(plan: Plan, folder: Path, say: Callable[[str], None]) -> Result:
    """Run a plan and return what it found."""
    random = Random(plan.seed)
    options = Options(ledger=folder / "ledger", keys=KEYS, seed=plan.seed)
    injected: list[tuple[float, str]] = []
    names: Counter[str] = Counter()
    async with Simulator(options) as simulator, _collectors(simulator, folder, plan) as collectors:
        simulator.hub.set_rate(plan.rate)
        end = time.monotonic() + plan.seconds
        await asyncio.sleep(plan.pace / 2)
        crowds = set()
        deck: list[str | int] = []
        while time.monotonic() < end - plan.pace:
            choices = _faults(random, plan)
            if not deck:
                deck = [*range(len(choices)), "kill", "crowd"]
                random.shuffle(deck)
            drawn, collector = deck.pop(), random.choice(collectors)
            if isinstance(drawn, int):
                faults = choices[drawn]()
                if any(getattr(fault, "topic", None) == SLUG_TOPIC for fault in faults):
                    collector = collectors[-1]
                names.update(fault.name for fault in faults)
                simulator.arm(*(_for(fault, collector.label) for fault in faults))
                what = " ".join(map(_described, faults))
            elif drawn == "kill":
                await collector.kill()
                what = drawn
            else:
                crowds.add(asyncio.create_task(collector.crowd(plan.pace / 2)))
                simulator.arm(Reset(client=collector.label))
                names["reset"] += 1
                what = drawn
            injected.append((time.time(), f"{collector.label} {what}"))
            say(f"{datetime.now(UTC):%H:%M:%S} {injected[-1][1]}")
            await asyncio.sleep(plan.pace)
        await asyncio.gather(*crowds)
        with suppress(TimeoutError):
            await simulator.until(lambda: not _unfired(names, simulator), 4 * plan.pace)
        await asyncio.sleep(plan.pace)
        simulator.hub.set_rate(0)
        await asyncio.sleep(plan.pace / 2)
        fired = Counter(entry.fault for entry in simulator.fired)
        unfired = _unfired(names, simulator)
    published = list(read_ledger(folder / "ledger", Published))
    balances = {collector.label: collector.balances(published) for collector in collectors}
    return Result(balances, injected, unfired, fired)


def _unfired(names: Counter[str], simulator: Simulator) -> set[str]:
    return set(names) - {entry.fault for entry in simulator.fired}


def _for(fault: Fault, client: str) -> Fault:
    settings = {name: getattr(fault, name) for name in fault.__struct_fields__}
    return type(fault)(**settings | {"client": client})


def _described(fault: Fault) -> str:
    default = type(fault)()
    settings = ((name, getattr(fault, name)) for name in fault.__struct_fields__)
    changed = (f"{name}={value:.1f}" if isinstance(value, float) else f"{name}={value}"
               for name, value in settings if value != getattr(default, name))  # fmt: skip
    return f"{fault.name}({', '.join(changed)})"


def report(result: Result, say: Callable[[str], None]) -> None:
    """Print the account of each collector and topic, and every run of false claims with the fault before it."""
    say(f"fired: {', '.join(f'{count} {name}' for name, count in sorted(result.fired.items()))}")
    if result.unfired:
        say(f"never fired: {', '.join(sorted(result.unfired))}")
    say(f"{'collector':<13}{'topic':<24} published   on disk   in gaps   claimed   unknown  slack")
    for label, balances in result.balances.items():
        for one in balances:
            counts = one.published, one.kept, one.in_gaps, len(one.claimed), len(one.unexplained)
            columns = "".join(f"{count:>{width}}" for count, width in zip(counts, (10,) * 5, strict=True))
            say(f"{label:<13}{one.topic:<24}{columns}  {one.tightness} s")
            for kind, losses in (("claimed", one.claimed), ("unknown", one.unexplained)):
                for first, last, count in runs(losses):
                    when = f"{count} from {_clock(first)} to {_clock(last)}"
                    say(f"  {kind} and lost: {when}, {_before(first, label, result)}")


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f}"[:-3]


def _before(at: float, label: str, result: Result) -> str:
    """Name the last faults of a collector that were injected before a time."""
    before = [what for when, what in result.injected if when <= at + 1 and what.startswith(label)]
    return f"after {'; '.join(before[-2:])}" if before else "before any fault"


def main() -> None:
    """Run a soak and print what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=1000.0, help="messages a second")
    parser.add_argument("--pace", type=float, default=20.0, help="seconds between faults")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", type=Path, help="where to leave ledger, spools and logs; else they are removed")
    asked = parser.parse_args()
    plan = Plan(asked.minutes * 60, asked.rate, asked.pace, asked.seed)
    print(f"soak: {asked.minutes:g} minutes at {plan.rate:g} messages a second, seed {plan.seed}", flush=True)
    with TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(soak(plan, folder, lambda line: print(line, flush=True)))
    report(result, print)
    sys.exit(not result.good)


if __name__ == "__main__":
    main()
