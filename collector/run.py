"""The collector put together: settings in, a spool full of hours out."""

import asyncio
import signal
import time
from collections.abc import Sequence
from importlib.metadata import version
from uuid import uuid4

import structlog

from archive.clock import Clock
from collector.recorder import Recorder
from collector.settings import CollectorSettings
from collector.spool.disk import Disk
from collector.spool.ledger import Ledger
from collector.spool.lock import held
from collector.spool.repair import inheritance, repair
from collector.spool.spool import Spool
from collector.stream.conversation import Timers
from collector.stream.subscriber import Plan, Subscriber
from collector.timeline import Timeline

TICK = 0.1
_log = structlog.get_logger()


async def collect(settings: CollectorSettings, stop: asyncio.Event) -> None:
    """Record the stream until `stop` is set; then everything received is on disk and in the ledger.

    Raises Problem where another process holds the spool, or the spool cannot be written.
    """
    with held(settings.spool, patience=2.0):
        collector = Collector(settings)
        await collector.run(stop)
    _log.info("stopped")


class Collector:
    """One run of the collector. The caller holds the spool's lock."""

    def __init__(self, settings: CollectorSettings) -> None:
        self.settings = settings
        clock = Clock.parse(settings.clock)
        self.disk = Disk(settings.spool)
        self.disk.prepare()
        repair(self.disk, clock.at(time.time()))
        before = inheritance(self.disk)
        self.timeline = Timeline(clock, before.floor, time.time(), time.monotonic())
        at = self.timeline.at(time.time())
        ledger = Ledger(self.disk, uuid4().hex[:12])
        ledger.start(at, self._topics(), f"tidemark {version('tidemark')}", before)
        self.spool = Spool(self.disk, ledger, at, largest=settings.segment_mib * 1024 * 1024)
        self.recorder = Recorder(self.spool, self.timeline)
        self.subscribers = [
            Subscriber(self._plan(), ledger.topics, self.recorder, self.recorder.number)
            for _ in range(settings.connections)
        ]

    def _topics(self) -> Sequence[str]:
        return tuple(f"collection:{slug}" for slug in self.settings.slugs())

    def _plan(self) -> Plan:
        settings = self.settings
        return Plan(
            url=settings.address,
            event_types=settings.event_types,
            timers=Timers(settings.heartbeat, settings.reply_timeout),
            dial_patience=settings.reply_timeout,
            renew_after=settings.renew_after,
            largest=settings.frame_mib * 1024 * 1024,
            stall_after=settings.stall_after,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop` is set."""
        self.spool.commit()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        work = [self._tick(), self._sync(), *(subscriber.run() for subscriber in self.subscribers)]
        tasks: list[asyncio.Task[object]] = [asyncio.create_task(each) for each in work]
        try:
            done, _ = await asyncio.wait(
                [*tasks, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            await self._shut_down(tasks)

    async def _shut_down(self, tasks: Sequence[asyncio.Task[object]]) -> None:
        async with asyncio.timeout(3):
            await asyncio.gather(*(subscriber.stop("not_running") for subscriber in self.subscribers))
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        self.spool.ledger.stop(self.recorder.now())
        self.spool.close()

    def reload(self) -> None:
        """Read the slugs again; topics that stay are not touched."""

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            monotonic = time.monotonic()
            at = self.recorder.now()
            if step := self.timeline.step(time.time(), monotonic):
                self.spool.ledger.step(at, step)
                _log.error("the clock stepped", seconds=round(step, 3))
            self.spool.turn(at)
            for subscriber in self.subscribers:
                subscriber.tick(monotonic)

    async def _sync(self) -> None:
        while True:
            await asyncio.sleep(self.settings.sync_interval)
            mark = self.spool.mark()
            self.spool.settle(mark, await asyncio.to_thread(self.spool.sync, mark))
