"""The collector put together: settings in, a spool full of hours out."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import structlog

from collector.recorder import Recorder
from collector.settings import CollectorSettings
from collector.spool.disk import Disk
from collector.spool.ledger import Ledger
from collector.spool.repair import inheritance, repair
from collector.spool.spool import Spool
from collector.status import Status, backlog
from collector.stream.protocol import Timers
from collector.stream.rate import Rate
from collector.stream.subscriber import Plan, Subscriber, Surroundings
from collector.timeline import Timeline
from collector.upload.folders import UploadFolders
from tidemark.archive.reasons import Reason
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.core.version import SOFTWARE

TICK = 0.1
GRACE = timedelta(minutes=4)

_log = structlog.get_logger()


class Collector:
    """One run of the collector; `open` makes one."""

    def __init__(
        self,
        settings: CollectorSettings,
        disk: Disk,
        spool: Spool,
        timeline: Timeline,
        *,
        recorder: Recorder,
        around: Surroundings,
    ) -> None:
        self.settings = settings
        self.spool = spool
        self.recorder = recorder
        self._disk = disk
        self._timeline = timeline
        self._started_at = timeline.last
        self._clock = around.clock
        self._synced = around.clock()
        self._ending = asyncio.Event()
        self._subscribers = [
            Subscriber(_plan(settings), spool.ledger.topics, recorder, around) for _ in range(settings.connections)
        ]

    @classmethod
    def open(
        cls,
        settings: CollectorSettings,
        disk: Disk,
        *,
        real: Callable[[], float] = time.time,
        around: Surroundings | None = None,
    ) -> "Collector":
        """Repair the spool and go on with its ledger. The caller holds the spool's lock.

        `real` is the machine's clock in seconds since 1970. Raises OSError where the spool cannot be used, Problem
        where the collections file cannot.
        """
        around = around or Surroundings()
        clock = settings.clock
        repair(disk, clock.at(real()), GRACE)
        before = inheritance(disk)
        started = real()
        timeline = Timeline(clock, before.floor, started, around.clock())
        at = timeline.last
        ledger = Ledger(disk, uuid4().hex[:12], grace=GRACE)
        ledger.start(at, _topics(settings), SOFTWARE, before)
        if at > clock.at(started):
            ledger.dropped(clock.at(started), at, 0, Reason.CLOCK_STEPPED)
            _log.error(
                "the clock is behind what was recorded; recorded time waits until then", until=format_timestamp(at)
            )
        spool = Spool(disk, ledger, at, largest=settings.segment_mib * 1024 * 1024)
        rates = {topic: Rate(*rate) for topic, rate in before.rates.items()}
        recorder = Recorder(
            spool, timeline, rates, before.silences, stall_after=settings.stall_after, real=real, clock=around.clock
        )
        return cls(settings, disk, spool, timeline, recorder=recorder, around=around)

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop` is set; then everything received is on disk and in the ledger."""
        self.spool.checkpoint()
        work = [stop.wait(), self._tick(), *(subscriber.run() for subscriber in self._subscribers)]
        tasks: list[asyncio.Task[object]] = [asyncio.create_task(each) for each in work]
        syncing = asyncio.create_task(self._sync())
        try:
            done, _ = await asyncio.wait([*tasks, syncing], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._shut_down(tasks, syncing)

    async def _shut_down(self, tasks: Sequence[asyncio.Task[object]], syncing: asyncio.Task[None]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)  # no new connection is opened from here on
        await asyncio.gather(*(subscriber.close(Reason.NOT_RUNNING) for subscriber in self._subscribers))
        self._ending.set()  # a running sync is awaited: its result may be that the disk lost data
        await asyncio.wait([syncing])
        at = self.recorder.now()
        self.recorder.keep_rates(at)
        self.spool.ledger.stop(at)
        self.spool.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            now = self._clock()
            for subscriber in self._subscribers:
                subscriber.tick(now)
            self.recorder.tick(now)

    async def _sync(self) -> None:
        while not self._ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self.settings.sync_interval)
            checkpoint = self.spool.prepare()
            error = await asyncio.to_thread(self.spool.sync, checkpoint)
            self.spool.commit(checkpoint, error)
            if error is None:
                self._synced = self._clock()

    def reload(self) -> None:
        """Read the slugs again; topics that stay are not touched. A file that is wrong changes nothing."""
        try:
            wanted = _topics(self.settings)
        except Problem as problem:
            _log.error("the collections stay as they are", problem=problem.what, hint=problem.hint)
            return
        ledger, at = self.spool.ledger, self.recorder.now()
        added = [topic for topic in wanted if topic not in ledger.topics]
        removed = [topic for topic in ledger.topics if topic not in wanted]
        for topic in added:
            ledger.subscribe(at, topic)
        for topic in removed:
            ledger.unsubscribe(at, topic)
        for subscriber in self._subscribers:
            subscriber.want(wanted)
        _log.info("collections read", added=added, removed=removed)

    @property
    def sync_age(self) -> float:
        """The seconds since everything received was last safe on disk."""
        return self._clock() - self._synced

    @property
    def sync_limit(self) -> float:
        """The seconds after which that is a trouble."""
        return 10 * self.settings.sync_interval + 10

    def status(self) -> Status:
        """Return how the collector is now."""
        at = self.recorder.now()
        held = backlog(self._disk)
        last_upload = UploadFolders(self.settings.spool).last()
        return Status(
            collector=self.settings.collector,
            software=SOFTWARE,
            pid=os.getpid(),
            at=format_timestamp(at),
            started_at=format_timestamp(self._started_at),
            hour=Hour.of(at).key,
            connections=sum(subscriber.held for subscriber in self._subscribers),
            clock_steps=self._timeline.steps,
            sync_age=self.sync_age,
            sync_limit=self.sync_limit,
            disk_free=self._disk.free(),
            pending_upload=held.pending_upload,
            oldest_pending_upload=(at - Hour.parse(held.oldest).start).total_seconds() if held.oldest else None,
            upload_failures=last_upload.failures if last_upload else 0,
            **self.recorder.status(),
            **self.spool.status(),
            **self.spool.ledger.status(at),
        )


def _topics(settings: CollectorSettings) -> tuple[str, ...]:
    return tuple(f"collection:{slug}" for slug in settings.slugs())


def _plan(settings: CollectorSettings) -> Plan:
    return Plan(
        url=settings.address,
        event_types=settings.event_types,
        timers=Timers(settings.heartbeat, settings.reply_timeout),
        connect_timeout=settings.reply_timeout,
        max_connection_age=settings.max_connection_age,
        largest=settings.max_message_mib * 1024 * 1024,
    )
