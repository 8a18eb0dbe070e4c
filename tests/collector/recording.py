"""A collector at work against the stand-in for OpenSea, hurried, and the balance of what became of every message."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from collector.run import Collector
from collector.settings import CollectorSettings
from collector.spool.disk import Disk
from collector.stream.subscriber import Surroundings
from tests.collector.spool.account import Account, account_of, gaps_in, kept_in
from tidemark.archive.manifest import Gap
from tidemark.simulator.faults import Fault
from tidemark.simulator.ledger import Sent
from tidemark.simulator.message import digest_of
from tidemark.simulator.server import Simulator

FLIGHT = timedelta(seconds=0.3)
HURRIED = {"heartbeat": 0.4, "reply_timeout": 2.0, "sync_interval": 0.05, "stall_after": 0.5}


class SpoolUnderTest:
    """The simulator, and what becomes of its messages in a spool."""

    def __init__(self, simulator: Simulator, spool: Path) -> None:
        self.simulator = simulator
        self.spool = spool
        self.sent = 0

    async def until(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - a test may look
                await asyncio.sleep(0.01)

    def send(self, count: int = 1) -> None:
        """Let the simulator send messages of which no two are alike."""
        numbers = range(self.sent, self.sent + count)
        self.sent += count
        body = '{"event_type":"item_listed","payload":{"number":%d}}'
        self.simulator.send(*((body % number).encode() for number in numbers))

    async def flow(self, seconds: float, per_second: int = 200) -> None:
        """Let messages flow for a while."""
        for _ in range(int(seconds * 50)):
            self.send(per_second // 50)
            await asyncio.sleep(0.02)

    async def suffer(self, fault: Fault) -> None:
        """Arm a fault and wait until it has fired."""
        before = len(self.simulator.fired)
        self.simulator.arm(fault)
        await self.until(lambda: len(self.simulator.fired) > before)

    def fired(self) -> list[str]:
        """The names of the faults that fired."""
        return [fired.fault for fired in self.simulator.fired]

    def sent_to_us(self) -> list[Sent]:
        """What the simulator's ledger says it wrote to this collector's sockets."""
        data = (self.simulator.options.ledger / "sent.jsonl").read_bytes()
        lines = msgspec.json.Decoder(Sent).decode_lines(data[: data.rfind(b"\n") + 1])  # the simulator still writes
        return [sent for sent in lines if sent.client == "collector-a"]

    def account(self, flight: timedelta = FLIGHT) -> Account:
        """Balance the simulator's ledger against the spool."""
        sent = [(datetime.fromisoformat(sent.at), sent.digest.encode()) for sent in self.sent_to_us()]
        return account_of(self.spool, sent, flight, lambda message: digest_of(message).encode())

    def balance(self) -> Account:
        """Demand that nothing is lost and nothing is there twice; return the account."""
        account = self.account()
        assert account.lost == ()
        assert account.doubled == ()
        return account

    def gaps(self) -> list[Gap]:
        """The gaps of the ledger."""
        return gaps_in(self.spool)

    def reasons(self) -> set[str]:
        """The reasons of the gaps, without those that every run has: before the first join and after the end."""
        return {gap.reason for gap in self.gaps()} - {"not_started", "connecting", "not_running"}

    def kept(self) -> int:
        """How many messages are in the spool."""
        return kept_in(self.spool).total()


class Recording(SpoolUnderTest):
    """A collector in this process, its spool, and the simulator that it listens to."""

    def __init__(self, simulator: Simulator, folder: Path, disk: Disk | None = None, **settings: Any) -> None:
        super().__init__(simulator, folder / "spool")
        address = {"stream_url": simulator.stream_url, "OPENSEA_API_KEY": "key-a"}
        self.settings = CollectorSettings(
            _env_file=None, collector="collector-a", spool=self.spool, **address | HURRIED | settings
        )
        disk = disk or Disk(self.spool)
        disk.prepare()
        self.clock_is_off = 0.0
        around = Surroundings(chance=lambda: 0.0)
        self.collector = Collector.open(self.settings, disk, real=self.real, around=around)

    def real(self) -> float:
        """Return the machine's time, off by what the test says."""
        return time.time() + self.clock_is_off

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Recording"]:
        """Run the collector within the block, then stop it in good order."""
        stop = asyncio.Event()
        task = asyncio.create_task(self.collector.run(stop))
        try:
            yield self
        finally:
            stop.set()
            async with asyncio.timeout(60):
                await task

    async def joined(self) -> None:
        """Wait until everything expected is joined, on a connection that the simulator is not about to close."""
        await self.until(lambda: not self.collector.status().uncovered and self.simulator.joined("collector-a"))

    async def received(self) -> None:
        """Wait until all that the simulator sent to this collector has come."""
        await self.until(lambda: self.collector.recorder.received.total() >= len(self.sent_to_us()))
