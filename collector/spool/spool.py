"""The spool as the recorder sees it: lines in, whole and safe segments out, and a ledger that claims no more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

import structlog

from collector.spool.disk import Disk
from collector.spool.ledger import Ledger
from collector.spool.segments import LARGEST, Segments, reason_of
from tidemark.archive.reasons import Reason
from tidemark.core.hour import Hour

_INSTANT = timedelta(microseconds=1)
_log = structlog.get_logger()


@dataclass(slots=True)
class Batch:
    """A number of messages, the last received at `last`. All were sent after `since`, in our time.

    Coverage is claimed by when messages were sent, and a queue may hold them back for long.
    """

    since: datetime
    last: datetime
    messages: int

    @property
    def until(self) -> datetime:
        """The first microsecond after the last message."""
        return self.last + _INSTANT


def joined(earlier: Batch | None, later: Batch) -> Batch:
    """Return two batches as one."""
    if earlier is None:
        return later
    return Batch(min(earlier.since, later.since), later.last, earlier.messages + later.messages)


@dataclass(frozen=True, slots=True)
class Shortage:
    """Messages that could not be written, and why."""

    batch: Batch
    reason: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is being made safe: a descriptor of the open file, and the proofs of life up to now."""

    descriptor: int | None
    proofs: dict[int, datetime]


class SpoolStatus(TypedDict):
    """The spool's part of the collector's status."""

    shortage: str | None
    unwritten_ledger: str | None
    persisted: int
    persisted_bytes: int
    dropped: int


class Spool:
    """Gathers record lines, writes them by the hour, and makes them safe. The caller holds the lock.

    A disk that refuses never stops the caller: what cannot be written is counted and recorded in the ledger as a
    gap with the disk's reason. `persisted`, `persisted_bytes` and `dropped` count since the start.
    """

    def __init__(self, disk: Disk, ledger: Ledger, at: datetime, *, largest: int = LARGEST) -> None:
        self.ledger = ledger
        self.shortage: Shortage | None = None
        self.unwritten_ledger: Reason | None = None
        self.persisted = self.persisted_bytes = self.dropped = self.waiting = 0
        self._disk = disk
        self._segments = Segments(disk, largest)
        self._hour = Hour.of(at)
        self._lines: list[bytes] = []
        self._batch: Batch | None = None
        self._unsafe: Batch | None = None
        self._syncing: Batch | None = None

    def status(self) -> SpoolStatus:
        """Return what was written, and whether the disk refuses now."""
        return {
            "shortage": self.shortage.reason if self.shortage else None,
            "unwritten_ledger": self.unwritten_ledger,
            "persisted": self.persisted,
            "persisted_bytes": self.persisted_bytes,
            "dropped": self.dropped,
        }

    def add(self, batch: Batch, lines: Iterable[bytes], size: int) -> None:
        """Take the lines of messages received at one time; they wait for `flush`."""
        self.turn(batch.last)
        self._batch = joined(self._batch, batch)
        self._lines.extend(lines)
        self.waiting += size

    def turn(self, at: datetime) -> None:
        """Begin another hour when `at` lies in one: seal the segment, open the hour's ledger."""
        self.ledger.at = at
        if at >= self._hour.end:
            self.flush()
            self._seal()
            self._hour = Hour.of(at)
            self.ledger.turn(self._hour)

    def flush(self) -> None:
        """Hand what waits to the operating system."""
        if self._batch is None:
            return
        lines, batch = b"".join(self._lines), self._batch
        self._lines.clear()
        self._batch, self.waiting = None, 0
        try:
            rest, error = self._segments.write(self._hour, lines, retry=self.shortage is None)
        except Exception:  # a fault of ours: the lines are gone, so they must not be claimed by what follows
            self.dropped += batch.messages
            self.ledger.dropped(batch.since, batch.until, batch.messages, Reason.DISK_ERROR)
            raise
        missed = rest.count(b"\n")
        self.persisted += batch.messages - missed
        self.persisted_bytes += len(lines) - len(rest)
        self._unsafe = joined(self._unsafe, batch)
        self._note_unsynced(self._unsafe)
        if error:
            self._fall_short(Batch(batch.since, batch.last, missed), reason_of(error))
        elif self.shortage:
            self._resume(self.shortage, batch.last)

    def _fall_short(self, batch: Batch, reason: str) -> None:
        self.dropped += batch.messages
        if self.shortage and self.shortage.reason != reason:
            self._resume(self.shortage, batch.since)
        if self.shortage is None:
            _log.error("messages cannot be written", reason=reason, since=batch.since.isoformat())
        self.shortage = Shortage(joined(self.shortage.batch if self.shortage else None, batch), reason)

    def _resume(self, shortage: Shortage, at: datetime) -> None:
        """End a shortage; its gap includes the last message that was dropped."""
        batch, reason = shortage.batch, shortage.reason
        self.ledger.dropped(batch.since, max(at, batch.until), batch.messages, reason)
        self.shortage = None
        _log.warning("messages are written again", reason=reason, dropped=batch.messages)

    def prepare(self) -> Checkpoint:
        """Flush, and return what has to be made safe; pass it to `sync` (in any thread) and then to `commit`.

        During a shortage nothing new may be claimed: the ledger waits until the gap is in it, too.
        """
        self.flush()
        descriptor = self._segments.share() if self._unsafe else None
        self._syncing, self._unsafe = self._unsafe, None
        return Checkpoint(descriptor, {} if self.shortage else self.ledger.prepare())

    def sync(self, checkpoint: Checkpoint) -> OSError | None:
        """Wait until a checkpoint's file is safe; return the disk's error where it is not."""
        if checkpoint.descriptor is None:
            return None
        try:
            self._disk.sync(checkpoint.descriptor)
        except OSError as error:
            return error
        finally:
            self._disk.close(checkpoint.descriptor)
        return None

    def commit(self, checkpoint: Checkpoint, error: OSError | None) -> None:
        """Record what `sync` returned, and write the ledger."""
        if error:
            self._segments.sync_error = error
            self._seal()
        else:
            self.ledger.commit(checkpoint.proofs)
        self._syncing = None
        self._segments.seal_left_over()
        self._write_ledger()

    def checkpoint(self) -> None:
        """Make everything up to now safe, then record it; waits for the disk."""
        checkpoint = self.prepare()
        self.commit(checkpoint, self.sync(checkpoint))

    def close(self) -> None:
        """Write and seal everything; nothing may be added afterwards."""
        self.checkpoint()
        self._seal()
        if self.shortage:
            self._resume(self.shortage, self.shortage.batch.last)
        self.ledger.commit(self.ledger.prepare())
        self._write_ledger()

    def _write_ledger(self) -> None:
        """Write the ledger; a disk that refuses is noted, and the entries wait."""
        self.unwritten_ledger = None
        try:
            self.ledger.write(close=self.shortage is None)
        except OSError as error:
            self.unwritten_ledger = reason_of(error)
            _log.error("the coverage ledger cannot be written", reason=self.unwritten_ledger)

    def _seal(self) -> None:
        unsafe, self._unsafe = self._unsafe, None
        self._segments.seal()
        self._note_unsynced(unsafe)

    def _note_unsynced(self, unsafe: Batch | None) -> None:
        """After a failed sync, record what was not yet safe as a gap: which part of it the disk has is unknown."""
        error, self._segments.sync_error = self._segments.sync_error, None
        for batch in (self._syncing, unsafe):
            if error and batch:
                self.ledger.dropped(batch.since, batch.until, batch.messages, reason_of(error))
                _log.error(
                    "the disk failed to sync what it had taken", reason=reason_of(error), messages=batch.messages
                )
