"""Collectors that are killed, unplugged, cut off, starved of disk and misled: what became of each message.

`python -m tests.faults.collecting --rounds 50 --seed 7` runs it for long and prints rounds, faults fired, sent, kept,
in gaps and lost; exit status 1 if anything was lost, is there twice, or is no valid file.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from errno import EIO, ENOSPC, EROFS
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import structlog

from collector.spool.lock import holder
from collector.timeline import PAUSE
from tests.collector.recording import FLIGHT, HURRIED, Recording, SpoolUnderTest
from tests.collector.spool.account import Account, account_of
from tests.collector.spool.disks import PowerlessDisk, RefusingDisk
from tests.collector.spool.life import Life
from tidemark.archive.reasons import Reason
from tidemark.core.clock import Clock
from tidemark.simulator.faults import (
    Binary,
    Close,
    CrashChannel,
    Garbage,
    Giant,
    HalfOpen,
    IgnoreHeartbeat,
    IgnoreJoin,
    PingFlood,
    Refuse,
    Reset,
    UnknownEvent,
)
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator

COLLECT = "from tidemark.cli.main import main; main()"
RATE = 60.0
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Outcome:
    """What a loop found: how often it went round, how many faults fired, and the account of the messages."""

    name: str
    rounds: int
    fired: int
    account: Account

    @property
    def good(self) -> bool:
        """Whether faults fired, messages flowed, and none of them is lost or there twice."""
        account = self.account
        return self.fired > 0 and account.kept > 0 and not account.lost and not account.doubled


@asynccontextmanager
async def _simulator(folder: Path, clock: Clock | None = None) -> AsyncIterator[Simulator]:
    options = Options(ledger=folder / "ledger", keys={"key-a": "collector-a"}, clock=clock or Clock())
    async with Simulator(options) as simulator:
        yield simulator


class Program(SpoolUnderTest):
    """The collector as a program of its own, which can be killed."""

    def __init__(self, simulator: Simulator, folder: Path, clock: Clock) -> None:
        super().__init__(simulator, folder / "spool")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TIDEMARK_")},
            **{f"TIDEMARK_{name.upper()}": str(value) for name, value in HURRIED.items()},
            "TIDEMARK_COLLECTOR": "collector-a",
            "TIDEMARK_SPOOL": str(self.spool),
            "TIDEMARK_STREAM_URL": simulator.stream_url,
            "TIDEMARK_CLOCK": str(clock),
            "TIDEMARK_METRICS_PORT": "0",
            "OPENSEA_API_KEY": "key-a",
        }

    async def start(self) -> Process:
        """Start it and return at once."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", COLLECT, "collect", env=self._environment, stdout=PIPE, stderr=PIPE
        )

    async def running(self) -> Process:
        """Start it and return when it listens."""
        process = await self.start()
        await self.until(self.simulator.joined, 60)
        return process


async def killed(rounds: int, random: Random, folder: Path) -> Outcome:
    """SIGKILL at random moments under load, across hours; the last process is told to stop, and stops within 5 s."""
    clock = Clock(datetime(2026, 11, 22, 15, 58, tzinfo=UTC), round(time.time(), 3), RATE)
    async with _simulator(folder, clock) as simulator:
        program = Program(simulator, folder, clock)
        flow = asyncio.create_task(program.flow(3600, 1000))
        for _ in range(rounds):
            process = await program.running()
            await asyncio.sleep(random.random() * 0.6)
            process.kill()
            await process.communicate()
        process = await program.running()
        await asyncio.sleep(0.3)
        flow.cancel()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            await process.communicate()
        assert process.returncode == 0
        return Outcome("killed", rounds, rounds, program.account(FLIGHT * RATE))


async def doubled(rounds: int, _: Random, folder: Path) -> Outcome:
    """A second collector on the spool refuses, names the first, and disturbs nothing."""
    async with _simulator(folder) as simulator:
        program = Program(simulator, folder, Clock())
        process = await program.running()
        refused = 0
        for _ in range(rounds):
            second = await program.start()
            flow = asyncio.create_task(program.flow(60))
            output = (await second.communicate())[1].decode()
            flow.cancel()
            found = holder(program.spool)
            refused += (
                second.returncode == 1 and f"process {process.pid} already writes" in output and found is not None
            )
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        return Outcome("second collector", rounds, refused, program.account())


async def unplugged(rounds: int, random: Random, folder: Path) -> Outcome:
    """Power cuts: what was not synced is gone."""
    disk = PowerlessDisk(folder / "spool", folder / "vault")
    life = Life(disk)
    for _ in range(rounds * 4):
        for _ in range(random.randrange(6)):
            life.receive(random.randrange(1, 9))
            random.choice((life.spool.flush, life.spool.checkpoint, lambda: life.pass_time(random.choice((1, 900)))))()
        disk.cut_power()
        life.start()
    life.spool.close()
    return Outcome("power cut", rounds * 4, disk.cuts, account_of(disk.root, life.sent))


async def starved(rounds: int, random: Random, folder: Path) -> Outcome:
    """A disk that is full, failing or read-only for a while, in every operation."""
    async with _simulator(folder) as simulator:
        disk = RefusingDisk(folder / "spool")
        recording = Recording(simulator, folder, disk)
        async with recording.running():
            await recording.joined()
            for number in range(rounds):
                await recording.flow(0.1)
                methods = random.sample(("write", "create", "sync", "truncate", "move"), random.randrange(1, 6))
                disk.refuse((ENOSPC, EIO, EROFS)[number % 3], *methods, takes=random.randrange(900))
                await recording.flow(0.2)
                disk.relent()
            await recording.flow(0.2)
            await recording.received()
            assert recording.collector.status().lost == {}, "a disk is no reason to lose a connection"
        return Outcome("disk", rounds, disk.fired.total(), recording.account())


async def cut_off(rounds: int, random: Random, folder: Path) -> Outcome:
    """Every way in which a server or a network fails a connection."""
    faults = (
        Close(code=1000), Close(code=1011), Reset(), CrashChannel(), HalfOpen(), Garbage(), Giant(size=2 << 20),
        Refuse(status=502, times=2), IgnoreJoin(), IgnoreHeartbeat(times=3),
        Close(code=1001, keep_open=True), PingFlood(pings=2000), Binary(), UnknownEvent(),
    )  # fmt: skip
    async with _simulator(folder) as simulator:
        recording = Recording(simulator, folder, max_message_mib=1)
        async with recording.running():
            for _ in range(rounds):
                await recording.joined()
                await recording.flow(0.1)
                simulator.arm(random.choice(faults))
                await recording.flow(0.2)
            await recording.joined()
            await recording.flow(0.2)
        return Outcome("connection", rounds, len(simulator.fired), recording.account())


async def misled(rounds: int, random: Random, folder: Path) -> Outcome:
    """A clock that steps back and forth; recorded time never goes back."""
    async with _simulator(folder) as simulator:
        recording = Recording(simulator, folder)
        async with recording.running():
            await recording.joined()
            for _ in range(rounds):
                recording.clock_is_off = random.uniform(-7200, 7200)
                await recording.flow(0.25)
            await recording.received()
            steps = recording.collector.status().clock_steps
        return Outcome("clock", rounds, steps, recording.account())


async def paused(rounds: int, _: Random, folder: Path) -> Outcome:
    """A process is stopped while the server closes; what waited in the socket proves nothing about that time."""
    clock = Clock(datetime(2026, 11, 22, 15, tzinfo=UTC), round(time.time(), 3), RATE)
    async with _simulator(folder, clock) as simulator:
        program = Program(simulator, folder, clock)
        process = await program.running()
        flow = asyncio.create_task(program.flow(3600, 1000))
        rounds = 1 + rounds // 10
        for _ in range(rounds):
            await asyncio.sleep(0.5)
            process.send_signal(signal.SIGSTOP)
            await program.suffer(Close(code=1001))
            await asyncio.sleep(PAUSE + 0.5)
            process.send_signal(signal.SIGCONT)
            await program.until(simulator.joined)
        await asyncio.sleep(0.5)
        flow.cancel()
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        paused = [gap for gap in program.gaps() if gap.reason == Reason.PAUSED]
        found = [gap for gap in paused if gap.end - gap.start > PAUSE * RATE * SECOND]
        return Outcome("paused", rounds, len(found), program.account(FLIGHT * RATE))


async def turned(rounds: int, _: Random, folder: Path) -> Outcome:
    """Hour boundaries under load: an hour lasts a second."""
    clock = Clock(datetime(2026, 11, 22, 15, 50, tzinfo=UTC), round(time.time(), 3), 3600.0)
    async with _simulator(folder, clock) as simulator:
        recording = Recording(simulator, folder, clock=str(clock))
        async with recording.running():
            await recording.joined()
            await recording.flow(rounds, 2000)
            await recording.received()
        hours = len(list((folder / "spool/sealed").glob("*.0001.jsonl")))
        return Outcome("hour boundary", rounds, hours, recording.account(FLIGHT * 3600))


Loop = Callable[[int, Random, Path], Awaitable[Outcome]]
LOOPS: tuple[Loop, ...] = (
    killed, doubled, unplugged, starved, cut_off, misled, paused, turned,
)  # fmt: skip


async def run(rounds: int, seed: int, log: Callable[[Outcome], None]) -> bool:
    """Run every loop and tell each outcome; return whether all are good."""
    good = True
    for loop in LOOPS:
        with TemporaryDirectory() as folder:
            outcome = await loop(rounds, Random(seed), Path(folder))
        log(outcome)
        good = good and outcome.good
    return good


def _line(*columns: object) -> str:
    return f"{columns[0]:<18}" + "".join(f"{column:>9}" for column in columns[1:])


def _print(outcome: Outcome) -> None:
    account = outcome.account
    counts = (account.sent, account.kept, account.in_gaps, len(account.lost), len(account.doubled))
    print(_line(outcome.name, outcome.rounds, outcome.fired, *counts), flush=True)


def main() -> None:
    """Run every loop for the rounds that were asked for."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.collecting", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="runs the same rounds again")
    asked = parser.parse_args()
    print(f"collecting: seed {asked.seed}", flush=True)
    print(_line("faults", "rounds", "fired", "sent", "kept", "in gaps", "lost", "twice"))
    sys.exit(not asyncio.run(run(asked.rounds, asked.seed, _print)))


if __name__ == "__main__":
    main()
