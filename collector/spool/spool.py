"""The spool as the recorder sees it: lines in, whole and safe segments out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from errno import EDQUOT, ENOSPC, EROFS

import structlog

from archive.hour import Hour
from archive.names import SegmentName
from collector.spool.disk import Disk
from collector.spool.ledger import Ledger
from collector.spool.repair import mend, segment_in
from collector.spool.room import make_room
from collector.spool.segment import Segment, Unwritten, is_broken, seal

LARGEST = 512 * 1024 * 1024
DISK_ERROR = "disk_error"
_FULL = {ENOSPC, EDQUOT}
_INSTANT = timedelta(microseconds=1)
_log = structlog.get_logger()


def reason_of(error: OSError) -> str:
    """Return the ledger's word for a failure of the disk."""
    if error.errno in _FULL:
        return "disk_full"
    return "disk_read_only" if error.errno == EROFS else DISK_ERROR


@dataclass(slots=True)
class Batch:
    """Messages received from `since` to `last`."""

    since: datetime
    last: datetime
    messages: int = 0

    def include(self, other: "Batch") -> None:
        """Take in a batch that came later."""
        self.last = other.last
        self.messages += other.messages


@dataclass(slots=True)
class Shortage:
    """Messages that could not be written, and why."""

    batch: Batch
    reason: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point up to which the spool is being made safe."""

    descriptor: int | None
    batch: Batch | None
    proofs: dict[int, datetime]


class Spool:
    """Gathers record lines, writes them to the hour's open segment and seals it. The caller holds the lock.

    A disk that refuses never stops the caller: what cannot be written is counted and stands in the ledger as a
    gap with the disk's reason. `kept`, `kept_bytes` and `unkept` count since the start.
    """

    def __init__(self, disk: Disk, ledger: Ledger, at: datetime, *, largest: int = LARGEST) -> None:
        self.ledger = ledger
        self.shortage: Shortage | None = None
        self.kept = self.kept_bytes = self.unkept = self.waiting = 0
        self._disk = disk
        self._largest = largest
        self._hour = Hour.of(at)
        self._lines: list[bytes] = []
        self._batch: Batch | None = None
        self._segment: Segment | None = None
        self._unsafe: Batch | None = None
        self._unsealed: list[SegmentName] = []

    def add(self, at: datetime, lines: Iterable[bytes], messages: int, size: int) -> None:
        """Take the lines of messages received at one moment; they wait for `flush`."""
        if at >= self._hour.end:
            self.turn(at)
        batch = Batch(at, at, messages)
        if self._batch:
            self._batch.include(batch)
        else:
            self._batch = batch
        self._lines.extend(lines)
        self.waiting += size

    def turn(self, at: datetime) -> None:
        """Begin another hour when `at` lies in one: seal the segment, open the hour's ledger."""
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
        rest, error = self._write(lines)
        self._count(lines, rest, batch, error)

    def _write(self, lines: bytes) -> tuple[bytes, OSError | None]:
        """Return the lines that could not be written, with the reason; one remedy is tried."""
        rest, error = self._attempt(lines)
        if error and self._remedy(error):
            rest, error = self._attempt(rest)
        return rest, error

    def _attempt(self, lines: bytes) -> tuple[bytes, OSError | None]:
        try:
            self._roomy(len(lines)).write(lines)
        except Unwritten as unwritten:
            return unwritten.rest, unwritten.error
        except OSError as error:
            return lines, error
        return b"", None

    def _roomy(self, size: int) -> Segment:
        """Return the open segment, a new one where the last would grow too large."""
        if self._segment and self._segment.size and self._segment.size + size > self._largest:
            self._seal()
        if self._segment is None:
            self._segment = Segment(self._disk, self._next_name())
        return self._segment

    def _next_name(self) -> SegmentName:
        found = (segment_in(path.partition("/")[2]) for path in self._disk.everywhere())
        numbers = [name.number for name in found if name and name.hour == self._hour]
        return SegmentName(self._hour, max(numbers, default=0) + 1)

    def _remedy(self, error: OSError) -> bool:
        """Say whether it is worth trying again: room was made, or another file may fare better."""
        if is_broken(error) and self.shortage is None:
            self._seal()
            return True
        try:
            return error.errno in _FULL and make_room(self._disk) > 0
        except OSError:
            return False

    def _count(self, lines: bytes, rest: bytes, batch: Batch, error: OSError | None) -> None:
        missed = rest.count(b"\n")
        self.kept += batch.messages - missed
        self.kept_bytes += len(lines) - len(rest)
        if self._unsafe:
            self._unsafe.include(batch)
        else:
            self._unsafe = Batch(batch.since, batch.last, batch.messages)
        if error:
            self._fall_short(Batch(batch.since, batch.last, missed), reason_of(error))
        elif self.shortage:
            self._resume(self.shortage, batch.since)

    def _fall_short(self, batch: Batch, reason: str) -> None:
        self.unkept += batch.messages
        if self.shortage and self.shortage.reason != reason:
            self._resume(self.shortage, batch.since)
        if self.shortage:
            self.shortage.batch.include(batch)
        else:
            self.shortage = Shortage(batch, reason)
            _log.error("messages cannot be kept", reason=reason, since=batch.since.isoformat())

    def _resume(self, shortage: Shortage, at: datetime) -> None:
        """End a shortage; its gap includes the last message that was not kept."""
        batch, reason = shortage.batch, shortage.reason
        self.ledger.unkept(batch.since, max(at, batch.last + _INSTANT), batch.messages, reason)
        self.shortage = None
        _log.warning("messages are kept again", reason=reason, unkept=batch.messages)

    def mark(self) -> Mark:
        """Flush, and return what has to be made safe; pass it to `sync` (in any thread) and then to `settle`."""
        self.flush()
        descriptor = self._disk.share(self._segment.descriptor) if self._segment and self._unsafe else None
        batch, self._unsafe = self._unsafe, None
        proofs = self.ledger.promise()
        return Mark(descriptor, batch, {} if self.shortage else proofs)

    def sync(self, mark: Mark) -> OSError | None:
        """Wait until what was marked is safe; return the disk's error where it is not."""
        if mark.descriptor is None:
            return None
        try:
            self._disk.sync(mark.descriptor)
        except OSError as error:
            return error
        finally:
            self._disk.close(mark.descriptor)
        return None

    def settle(self, mark: Mark, error: OSError | None) -> None:
        """Record what `sync` found, and write the ledger."""
        if error:
            self._doubt(mark.batch, error)
            self._seal()
        else:
            self.ledger.settle(mark.proofs)
        self._seal_left_over()
        self.write_ledger()

    def commit(self) -> None:
        """Make everything up to now safe, then record it; waits for the disk."""
        mark = self.mark()
        self.settle(mark, self.sync(mark))

    def write_ledger(self) -> None:
        """Write the ledger; a disk that refuses is noted, and the entries wait."""
        try:
            self.ledger.write(close=self.shortage is None)
        except OSError as error:
            _log.error("the coverage ledger cannot be written", reason=reason_of(error))

    def close(self) -> None:
        """Write and seal everything; nothing may be added afterwards."""
        self.commit()
        self._seal()
        if self.shortage:
            self._resume(self.shortage, self.shortage.batch.last)
        self.write_ledger()

    def _doubt(self, batch: Batch | None, error: OSError) -> None:
        """After a failed sync nobody knows what of a batch is on disk: it is a gap, whatever is found there."""
        if batch:
            self.ledger.unkept(batch.since, batch.last + _INSTANT, batch.messages, reason_of(error))
            _log.error("the disk failed to keep what it took", reason=reason_of(error), messages=batch.messages)

    def _seal(self) -> None:
        """Seal the open segment; where the disk refuses, later or after the next start."""
        if self._segment is None:
            return
        segment, self._segment = self._segment, None
        batch, self._unsafe = self._unsafe, None
        try:
            segment.close()
            seal(self._disk, segment.name)
        except OSError as error:
            self._doubt(batch, error)
            self._unsealed.append(segment.name)

    def _seal_left_over(self) -> None:
        for name in list(self._unsealed):
            try:
                mend(self._disk, name)
            except OSError:
                return
            self._unsealed.remove(name)
