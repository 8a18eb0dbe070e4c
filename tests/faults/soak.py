"""Two collectors under load for long, with a fault every few seconds: is any time claimed in which messages were lost?

`python -m tests.faults.soak --minutes 20 --seed 7` runs them as programs of their own against the simulator, then holds
what was published against their spools, message by message and topic by topic. Exit status 1 if a message is lost in
time that a collector calls covered or says nothing of, or if a fault never fired.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.faults.oracle import ALL, Balance, runs
from tests.faults.program import Collector
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
from tidemark.simulator.ledger import Published, read_ledger
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator

SLUG_TOPIC = "collection:harbor-seals"
TOPICS = {"collector-a": (ALL,), "collector-b": (ALL, SLUG_TOPIC)}
KEYS = {f"key-{label[-1]}": label for label in TOPICS}
MESSAGE_BYTES = 2_200
REPLY_SECONDS = 3.0


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
        times = {"HEARTBEAT": 0.25, "STALL_AFTER": 1.0, "MAX_CONNECTION_AGE": 6.0}
        settings = {f"TIDEMARK_{name}": f"{share * self.pace:g}" for name, share in times.items()}
        # a busy machine needs seconds for a handshake, whatever the pace
        return settings | {"TIDEMARK_REPLY_TIMEOUT": f"{max(0.25 * self.pace, REPLY_SECONDS):g}"}


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


@dataclass(frozen=True)
class Result:
    """What a soak found; `injected` has when what was done to whom, `died` the faults after which a collector died."""

    balances: dict[str, list[Balance]]
    injected: list[tuple[float, str]]
    died: list[str]
    unfired: set[str]
    fired: Counter[str]

    @property
    def good(self) -> bool:
        """Whether nothing is lost in claimed time, messages flowed, and every kind of fault fired."""
        found = [one for balances in self.balances.values() for one in balances]
        return all(one.good and one.kept for one in found) and not self.unfired and not self.died


@asynccontextmanager
async def _collectors(simulator: Simulator, folder: Path, plan: Plan) -> AsyncIterator[list[Collector]]:
    """Start both, and stop both in good order."""
    settings = {**plan.settings, "TIDEMARK_STREAM_URL": simulator.stream_url}
    collectors = [Collector(label, topics, folder, settings) for label, topics in TOPICS.items()]
    for collector in collectors:
        await collector.start()
    try:
        await simulator.until(lambda: all(simulator.joined(label) for label in TOPICS), 60)
        yield collectors
    finally:
        for collector in collectors:
            await collector.stop()


class Run:
    """A soak under way: what is injected next, and what was."""

    def __init__(self, plan: Plan, simulator: Simulator, collectors: list[Collector]) -> None:
        self.injected: list[tuple[float, str]] = []
        self.names: set[str] = set()
        self.fired: Counter[str] = Counter()
        self.died: list[str] = []
        self._plan = plan
        self._random = Random(plan.seed)
        self._simulator = simulator
        self._collectors = collectors
        self._deck: list[int | str] = []
        self._crowds: set[asyncio.Task[None]] = set()

    async def inject(self, log: Callable[[str], None]) -> None:
        """Do the next thing to one of the collectors; every kind comes once before any comes again."""
        choices = _faults(self._random, self._plan)
        if not self._deck:
            self._deck = [*range(len(choices)), "kill", "crowd"]
            self._random.shuffle(self._deck)
        drawn, collector = self._deck.pop(), self._random.choice(self._collectors)
        faults: tuple[Fault, ...] = ()
        if isinstance(drawn, int):
            faults = choices[drawn]()
            if any(getattr(fault, "topic", None) == SLUG_TOPIC for fault in faults):
                collector = self._collectors[-1]
        elif drawn == "kill":
            await collector.kill()
            self.fired[drawn] += 1
        else:
            self._crowds.add(asyncio.create_task(collector.crowd(self._plan.pace / 2)))
            self.fired[drawn] += 1
            faults = (Reset(),)
        self.names.update(fault.name for fault in faults)
        self._simulator.arm(*(_for(fault, collector.label) for fault in faults))
        what = " ".join([*([drawn] if isinstance(drawn, str) else []), *map(_described, faults)])
        self.injected.append((time.time(), f"{collector.label} {what}"))
        log(f"{datetime.now(UTC):%H:%M:%S} {self.injected[-1][1]}")

    async def look_after(self) -> None:
        """Read what was sealed, and start again what died by itself."""
        for collector in self._collectors:
            await asyncio.to_thread(collector.absorb)
            if await collector.revive():
                self.died.append(f"{collector.label} after {self.injected[-1][1]}")

    def unfired(self) -> set[str]:
        """Return the names of faults that never fired."""
        return self.names - {entry.fault for entry in self._simulator.fired}

    async def finish(self) -> None:
        """Wait until every fault has fired, or for so long that it will not."""
        await asyncio.gather(*self._crowds)
        with suppress(TimeoutError):
            await self._simulator.until(lambda: not self.unfired(), 4 * self._plan.pace)
        await asyncio.sleep(self._plan.pace)
        self._simulator.hub.set_rate(0)
        await asyncio.sleep(self._plan.pace / 2)
        self.fired.update(entry.fault for entry in self._simulator.fired)


async def soak(plan: Plan, folder: Path, log: Callable[[str], None]) -> Result:
    """Run a plan and return what it found."""
    options = Options(ledger=folder / "ledger", keys=KEYS, seed=plan.seed)
    async with Simulator(options) as simulator, _collectors(simulator, folder, plan) as collectors:
        run = Run(plan, simulator, collectors)
        simulator.hub.set_rate(plan.rate)
        end = time.monotonic() + plan.seconds
        await asyncio.sleep(plan.pace / 2)
        while time.monotonic() < end - plan.pace:
            await run.inject(log)
            await asyncio.sleep(plan.pace)
            await run.look_after()
        await run.finish()
    published = list(read_ledger(folder / "ledger", Published))
    balances = {collector.label: collector.balances(published) for collector in collectors}
    return Result(balances, run.injected, run.died, run.unfired(), run.fired)


def _for(fault: Fault, client: str) -> Fault:
    settings = {name: getattr(fault, name) for name in fault.__struct_fields__}
    return type(fault)(**settings | {"client": client})


def _described(fault: Fault) -> str:
    default = type(fault)()
    settings = ((name, getattr(fault, name)) for name in fault.__struct_fields__)
    changed = (f"{name}={value:.1f}" if isinstance(value, float) else f"{name}={value}"
               for name, value in settings if value != getattr(default, name))  # fmt: skip
    return f"{fault.name}({', '.join(changed)})"


def report(result: Result, log: Callable[[str], None]) -> None:
    """Print the account of each collector and topic, and every run of false claims with the fault before it."""
    log(f"fired: {', '.join(f'{count} {name}' for name, count in sorted(result.fired.items()))}")
    if result.unfired:
        log(f"never fired: {', '.join(sorted(result.unfired))}")
    for death in result.died:
        log(f"died by itself: {death}")
    log("gaps: slack and length in seconds, each median / worst")
    log(f"{'collector':<13}{'topic':<24} published   on disk   in gaps   claimed   unknown  slack   length")
    for label, balances in result.balances.items():
        for one in balances:
            counts = one.published, one.kept, one.in_gaps, len(one.claimed), len(one.unexplained)
            columns = "".join(f"{count:>{width}}" for count, width in zip(counts, (10,) * 5, strict=True))
            log(f"{label:<13}{one.topic:<24}{columns}  {one.tightness}")
            for kind, losses in (("claimed", one.claimed), ("unknown", one.unexplained)):
                for first, last, count in runs(losses):
                    when = f"{count} from {_clock(first)} to {_clock(last)}"
                    log(f"  {kind} and lost: {when}, {_before(first, label, result)}")


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
        if folder.exists() and any(folder.iterdir()):
            sys.exit(f"{folder} is not empty; name a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(soak(plan, folder, lambda line: print(line, flush=True)))
    report(result, print)
    sys.exit(not result.good)


if __name__ == "__main__":
    main()
