"""One run of the uploader: where plan, spool and archive meet."""

import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event as Flag

from zstandard import ZstdError

from collector.settings import UploadSettings
from collector.spool.repair import recover
from collector.upload.folders import UploadFolders
from collector.upload.plan import Plan, deletions, plan
from collector.upload.report import (
    Committed,
    Event,
    Failed,
    Planned,
    Report,
    Uploaded,
    disk_problem,
    elsewhere,
    jumped,
    last_run,
    late,
    spoiled,
)
from collector.upload.steps import Steps
from tidemark.archive.names import SegmentName
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.storage.object_store import ObjectStore, StoreUnavailableError


def upload(
    settings: UploadSettings,
    store: ObjectStore,
    watch: Callable[[Event], None],
    clock: Callable[[], float] = time.time,
    spool: UploadFolders | None = None,
) -> Report:
    """Bring everything that is due to the archive, oldest first, and delete what may go.

    What dead processes left open is repaired and sealed first. A file that fails is reported and the others go on;
    an unusable archive ends the run. A `watch` that raises OSError is not heard, and the run goes on. `clock` gives
    real seconds since 1970; `spool` is by default the settings' folder.
    Raises UploadRunningError where another upload is running, Problem where the spool is missing or its disk fails.
    """
    spool = spool or UploadFolders(settings.spool)
    try:
        with spool.locked():
            now = settings.clock.at(clock())
            report = _upload(settings, store, watch, spool, now)
            spool.keep_last(last_run(format_timestamp(now), report, spool.last()))
    except OSError as error:
        raise disk_problem(f"the spool {settings.spool}", error) from error
    return report


def _upload(
    settings: UploadSettings, store: ObjectStore, watch: Callable[[Event], None], spool: UploadFolders, now: datetime
) -> Report:
    live = recover(settings.spool, now)
    steps = Steps(settings, spool, store, now)
    run = _Run(spool, steps, watch)
    run.bring(plan(spool.listing(steps.place), now=now, live=live), workers=settings.upload_workers)
    retention = timedelta(hours=settings.retention_hours)
    run.report.deleted = spool.delete(deletions(spool.listing(steps.place), now=now, retention=retention))
    return run.report


class _Run:
    """The order of the steps, and the report of how they ended."""

    def __init__(self, spool: UploadFolders, steps: Steps, watch: Callable[[Event], None]) -> None:
        self._spool = spool
        self._steps = steps
        self._watch = watch
        self._unusable = Flag()
        self._unusable_said = False
        self.report = Report()

    def bring(self, due: Plan, *, workers: int) -> None:
        """Upload segments several at a time, and commit each hour as soon as all of its segments are there."""
        size = sum(self._spool.size(name) for name in due.segments)
        self._tell(Planned(len(due.segments), size, len(due.hours)))
        self._refuse(due)
        held = {name.hour for name in due.elsewhere}
        if due.segments or due.hours:
            try:
                self._steps.prove()
            except StoreUnavailableError as problem:  # all that is due waits
                self._give_up("the archive", problem)
        with ThreadPoolExecutor(workers) as pool:
            uploads = {name: pool.submit(self._upload, name) for name in due.segments}
            try:
                for hour in sorted({name.hour for name in due.segments} | set(due.hours)):
                    uploaded = [self._settle(str(name), uploads[name].result) for name in due.of(hour)]
                    if hour in due.hours:
                        whole = all(uploaded) and hour not in held
                        self._commit(hour, whole=whole, follows=hour.previous() in due.hours)
            finally:
                for upload in uploads.values():
                    upload.cancel()

    def _refuse(self, due: Plan) -> None:
        """Report what a person has to put right before it can be brought."""
        if due.jump:
            self._fail(f"the hours after {due.jump}", jumped(due.jump))
        for name in due.late:
            self._fail(str(name), late(name))
        for name in due.elsewhere:
            self._fail(str(name), elsewhere(name, self._spool.place(name), self._steps.place(name)))

    def _upload(self, name: SegmentName) -> Uploaded:
        """Upload a segment in a worker; once the archive turned out to be unusable, raise CancelledError instead."""
        if self._unusable.is_set():
            raise CancelledError
        try:
            return self._steps.upload(name)
        except StoreUnavailableError:
            self._unusable.set()
            raise

    def _commit(self, hour: Hour, *, whole: bool, follows: bool) -> None:
        """Commit an hour if it can be: its segments are uploaded, and what it builds on is known.

        An hour without a ledger builds on the manifest before it, if that is due as well.
        """
        orphaned = follows and self._spool.ledger(hour) is None and self._spool.manifest(hour.previous()) is None
        if whole and not orphaned and not self._unusable.is_set():
            self._settle(f"the manifest of {hour}", lambda: self._steps.commit(hour))
        else:
            self.report.waiting += 1

    def _settle(self, what: str, step: Callable[[], Uploaded | Committed]) -> bool:
        """Take a step, or the result of one, and report how it ended."""
        try:
            done = step()
        except CancelledError:
            self.report.waiting += 1
        except StoreUnavailableError as problem:
            self._give_up(what, problem)
        except Problem as problem:
            self._fail(what, problem)
        except OSError as error:
            self._fail(what, disk_problem(what, error))
        except (ValueError, ZstdError) as error:
            self._fail(what, spoiled(what, error))
        else:
            self.report.done(done)
            self._tell(done)
            return True
        return False

    def _give_up(self, what: str, problem: StoreUnavailableError) -> None:
        """Say once that the archive is unusable, however many workers found out."""
        if self._unusable_said:
            self.report.waiting += 1
            return
        self._unusable.set()
        self._unusable_said = True
        self._fail(what, problem)

    def _fail(self, what: str, problem: Problem) -> None:
        failed = Failed(what, problem.what, problem.hint)
        self.report.failed.append(failed)
        self._tell(failed)

    def _tell(self, event: Event) -> None:
        with suppress(OSError):  # an output that cannot be written is no fault of the spool, and stops no upload
            self._watch(event)
