"""A collector under soak: a program of its own, with its spool and a limit of open files."""

import asyncio
import os
import resource
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from tests.collector.spool.account import gaps_in
from tests.faults.oracle import ALL, Balance, balance
from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import read_ledger as read_coverage
from tidemark.archive.manifest import Interval
from tidemark.archive.names import CoverageName
from tidemark.archive.record import read_record
from tidemark.simulator.ledger import Published
from tidemark.simulator.message import digest_of

COLLECT = "from tidemark.cli.main import main; main()"
OPEN_FILES = 96


class Collector:
    """A collector as a program of its own, with its spool and a limit of open files."""

    def __init__(self, label: str, topics: tuple[str, ...], folder: Path, settings: dict[str, str]) -> None:
        self.label = label
        self.topics = topics
        self.spool = folder / label
        self.kept: dict[str, set[str]] = {}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        slugs = ("*" if topic == ALL else topic.removeprefix("collection:") for topic in topics)
        self._log = (folder / f"{label}.log").open("ab")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TIDEMARK_")},
            **settings,
            "TIDEMARK_COLLECTOR": label,
            "TIDEMARK_SPOOL": str(self.spool),
            "TIDEMARK_COLLECTIONS": ",".join(slugs),
            "TIDEMARK_METRICS_PORT": str(self.port),
            "TIDEMARK_MAX_MESSAGE_MIB": "1",
            "TIDEMARK_SEGMENT_MIB": "32",
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

    async def revive(self) -> bool:
        """Start it again if it died by itself; tell whether it did."""
        if self.process.returncode is None:
            return False
        await self.start()
        return True

    async def stop(self) -> None:
        """Stop it in good order, or kill it where it does not end."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(30):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                raise
        self._log.close()

    def absorb(self, folder: str = "sealed") -> None:
        """Note what segments hold, and remove them, so that a long soak needs little disk."""
        for path in self.spool.glob(f"{folder}/*.jsonl"):
            if path.name.endswith(".coverage.jsonl"):
                continue
            with path.open("rb") as lines:
                for record in map(read_record, lines):
                    if record.topic:
                        self.kept.setdefault(record.topic, set()).add(digest_of(bytes(record.message)))
            path.unlink()

    def covered(self) -> list[Interval]:
        """Return what it claims to have covered."""
        paths = {CoverageName.parse(path.name).hour: path for path in self.spool.glob("*/*.coverage.jsonl")}
        hours = (coverage_of(read_coverage(path.read_bytes()), hour) for hour, path in paths.items())
        return [interval for coverage in hours for interval in coverage.covered]

    def balances(self, published: list[Published]) -> list[Balance]:
        """Hold what was published against its spool."""
        for folder in ("sealed", "open"):
            self.absorb(folder)
        covered, gaps = self.covered(), gaps_in(self.spool)
        return [balance(topic, published, self.kept.get(topic, set()), covered, gaps) for topic in self.topics]
