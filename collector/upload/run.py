"""One run of the uploader: where plan, spool and archive meet."""

import errno
import time
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from archive.clock import Clock
from archive.hour import Hour
from archive.manifest import Manifest, print_manifest, read_manifest
from archive.names import ManifestKey, ObjectKey, SegmentName
from archive.problem import Problem
from collector.spool.disk import Disk
from collector.spool.repair import recover
from collector.spool.room import make_room
from collector.upload.commit import coverage_in, manifest_of
from collector.upload.disk import UploadFolders
from collector.upload.event import Committed, Event, Failed, Planned, Report, Shipped
from collector.upload.plan import Plan, deletions, plan
from collector.upload.record import PackedSegment
from collector.upload.settings import UploadSettings
from collector.upload.store import Garbled, ObjectStore, Unusable

SEGMENT_TYPE = "application/zstd"
MANIFEST_TYPE = "application/json"


def upload(
    settings: UploadSettings, store: ObjectStore, watch: Callable[[Event], None], clock: Callable[[], float] = time.time
) -> Report:
    """Bring everything that is due to the archive, oldest first, and delete what may go.

    What dead processes left open is repaired and sealed first. A file that fails is reported and the others go on;
    an unusable archive ends the run. `clock` gives real seconds since 1970.
    Raises Busy where another upload is at work, Problem where there is no spool.
    """
    spool = UploadFolders(settings.spool)
    with spool.locked():
        now = Clock.parse(settings.clock).at(clock())
        live = recover(settings.spool, now)
        run = _Run(settings, store, spool, watch, now)
        run.ship_and_commit(plan(spool.listing(), now=now, live=live))
        run.delete(timedelta(hours=settings.retention_hours))
        return run.report


class _Run:
    """What one run has done so far."""

    def __init__(
        self,
        settings: UploadSettings,
        store: ObjectStore,
        spool: UploadFolders,
        watch: Callable[[Event], None],
        now: datetime,
    ) -> None:
        self._settings = settings
        self._store = store
        self._spool = spool
        self._watch = watch
        self._now = now
        self._unusable = False
        self.report = Report()

    def ship_and_commit(self, due: Plan) -> None:
        """Ship segments several at a time, and commit each hour as soon as all of its segments are there."""
        sizes = sum(self._spool.size(name) for name in due.segments)
        self._watch(Planned(len(due.segments), sizes, len(due.hours)))
        for name in due.late:
            self._fail(str(name), _late(name))
        with ThreadPoolExecutor(self._settings.upload_workers) as pool:
            shipments = {name: pool.submit(self._ship, name) for name in due.segments}
            try:
                for hour in sorted({name.hour for name in due.segments} | set(due.hours)):
                    there = [self._settle(str(name), shipments[name].result) for name in due.of(hour)]
                    if hour in due.hours:
                        self._commit_after(hour, whole=all(there), follows=hour.previous() in due.hours)
                    if self._unusable:
                        _cancel(shipments.values())
            finally:
                _cancel(shipments.values())

    def _ship(self, name: SegmentName) -> Shipped:
        """Pack and put one segment; runs in a worker."""
        began = time.monotonic()
        key = str(ObjectKey(self._settings.prefix, self._settings.collector, name))
        packed_file, packed = self._pack(name)
        try:
            created = self._store.put(key, packed_file, sha256=packed.sha256, media_type=SEGMENT_TYPE)
        except Garbled:
            self._spool.discard(name)
            raise
        self._spool.shipped(name)
        return Shipped(str(name), key, packed.bytes, packed.compressed_bytes, time.monotonic() - began, created)

    def _pack(self, name: SegmentName) -> tuple[Path, PackedSegment]:
        """Pack a segment; where the disk is full, shipped files go before their time."""
        level = self._settings.compression_level
        try:
            return self._spool.pack(name, level=level)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        make_room(Disk(self._settings.spool))
        return self._spool.pack(name, level=level)

    def _commit(self, hour: Hour) -> Committed:
        """Put the manifest of an hour; written down first, so that every attempt puts the same bytes."""
        file = self._spool.manifest(hour) or self._spool.keep_manifest(hour, print_manifest(self._sum_up(hour)))
        data = file.read_bytes()
        key = str(ManifestKey(self._settings.prefix, self._settings.collector, hour))
        created = self._store.put(key, file, sha256=sha256(data).hexdigest(), media_type=MANIFEST_TYPE)
        self._spool.committed(hour)
        manifest = read_manifest(data)
        return Committed(hour.key, key, len(manifest.segments), manifest.records, len(manifest.gaps), created)

    def _commit_after(self, hour: Hour, *, whole: bool, follows: bool) -> None:
        """Commit an hour if it can be: its segments are shipped, and what it builds on is known.

        An hour without a ledger builds on the manifest before it, if that is due as well.
        """
        orphaned = follows and self._spool.ledger(hour) is None and self._spool.manifest(hour.previous()) is None
        if whole and not orphaned and not self._unusable:
            self._settle(f"the manifest of {hour}", lambda: self._commit(hour))
        else:
            self.report.waiting += 1

    def _sum_up(self, hour: Hour) -> Manifest:
        previous = self._spool.manifest(hour.previous())
        return manifest_of(
            hour,
            {name: self._spool.record(name) for name in self._spool.listing().shipped if name.hour == hour},
            coverage_in(hour, self._spool.ledger(hour), read_manifest(previous.read_bytes()) if previous else None),
            collector=self._settings.collector,
            prefix=self._settings.prefix,
            software=f"tidemark {version('tidemark')}",
            written_at=self._now,
        )

    def _settle(self, what: str, step: Callable[[], Shipped | Committed]) -> bool:
        """Take a step, or the result of one, and report how it ended."""
        try:
            done = step()
        except CancelledError:
            self.report.waiting += 1
        except Problem as problem:
            self._fail(what, problem)
        except OSError as error:
            self._fail(what, _disk_problem(what, error))
        else:
            self.report.done(done)
            self._watch(done)
            return True
        return False

    def _fail(self, what: str, problem: Problem) -> None:
        """Report a failure; that the archive is unusable is said once, however many files found out."""
        if isinstance(problem, Unusable):
            if self._unusable:
                self.report.waiting += 1
                return
            self._unusable = True
        failed = Failed(what, problem.what, problem.hint)
        self.report.failed.append(failed)
        self._watch(failed)

    def delete(self, retention: timedelta) -> None:
        """Delete what the archive has and whose retention is over."""
        self.report.deleted += self._spool.delete(deletions(self._spool.listing(), now=self._now, retention=retention))


def _cancel(shipments: Iterable[Future[Shipped]]) -> None:
    for shipment in shipments:
        shipment.cancel()


def _late(name: SegmentName) -> Problem:
    return Problem(
        f"{name} was sealed after the manifest of its hour had been put, which is final",
        "The clock of this machine stepped back. The file stays where it is; to archive it, move it into sealed/ of an "
        "empty spool and upload that under another TIDEMARK_COLLECTOR",
    )


def _disk_problem(what: str, error: OSError) -> Problem:
    if error.errno == errno.ENOSPC:
        hint = "Give the spool's disk more room; about an eighth of a segment is needed to pack it"
    else:
        hint = "Check the disk and the permissions of the spool; the file stays where it is"
    return Problem(f"{what} cannot be read or packed: {error.strerror or error}", hint)
