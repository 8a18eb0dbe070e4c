"""The spool as the recorder sees it: lines in, whole and safe segments out, and a ledger that claims no more."""

from collections.abc import Iterable
from datetime import datetime

import structlog

from collector.spool.batch import Batch, Mark, Shortage, joined, reason_of
from collector.spool.disk import Disk
from collector.spool.ledger import Ledger
from collector.spool.segments import LARGEST, Segments
from tidemark.core.hour import Hour

_log = structlog.get_logger()


class Spool:
    """Gathers record lines, writes them by the hour, and makes them safe. The caller holds the lock.

    A disk that refuses never stops the caller: what cannot be written is counted and stands in the ledger as a
    gap with the disk's reason. `persisted`, `persisted_bytes` and `dropped` count since the start.
    """

    def __init__(self, disk: Disk, ledger: Ledger, at: datetime, *, largest: int = LARGEST) -> None:
        self.ledger = ledger
        self.shortage: Shortage | None = None
        self.persisted = self.persisted_bytes = self.dropped = self.waiting = 0
        self._disk = disk
        self._segments = Segments(disk, largest)
        self._hour = Hour.of(at)
        self._lines: list[bytes] = []
        self._batch: Batch | None = None
        self._unsafe: Batch | None = None
        self._marked: Batch | None = None

    def add(self, at: datetime, lines: Iterable[bytes], messages: int, size: int) -> None:
        """Take the lines of messages received at one moment; they wait for `flush`."""
        self.turn(at)
        self._batch = joined(self._batch, Batch(at, at, messages))
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
        rest, error = self._segments.write(self._hour, lines, retry=self.shortage is None)
        missed = rest.count(b"\n")
        self.persisted += batch.messages - missed
        self.persisted_bytes += len(lines) - len(rest)
        self._unsafe = joined(self._unsafe, batch)
        self._note_doubt(self._unsafe)
        if error:
            self._fall_short(Batch(batch.since, batch.last, missed), reason_of(error))
        elif self.shortage:
            self._resume(self.shortage, batch.since)

    def _fall_short(self, batch: Batch, reason: str) -> None:
        self.dropped += batch.messages
        if self.shortage and self.shortage.reason != reason:
            self._resume(self.shortage, batch.since)
        if self.shortage is None:
            _log.error("messages cannot be written", reason=reason, since=batch.since.isoformat())
        self.shortage = Shortage(joined(self.shortage.batch if self.shortage else None, batch), reason)

    def _resume(self, shortage: Shortage, at: datetime) -> None:
        """End a shortage; its gap includes the last message that was not kept."""
        batch, reason = shortage.batch, shortage.reason
        self.ledger.dropped(batch.since, max(at, batch.until), batch.messages, reason)
        self.shortage = None
        _log.warning("messages are kept again", reason=reason, dropped=batch.messages)

    def mark(self) -> Mark:
        """Flush, and return what has to be made safe; pass it to `sync` (in any thread) and then to `settle`.

        During a shortage nothing new may be claimed: the ledger waits until the gap can stand in it, too.
        """
        self.flush()
        descriptor = self._segments.share() if self._unsafe else None
        self._marked, self._unsafe = self._unsafe, None
        return Mark(descriptor, {} if self.shortage else self.ledger.promise())

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
            self._segments.doubt = error
            self._seal()
        else:
            self.ledger.settle(mark.proofs)
        self._marked = None
        self._segments.seal_left_over()
        self._write_ledger()

    def commit(self) -> None:
        """Make everything up to now safe, then record it; waits for the disk."""
        mark = self.mark()
        self.settle(mark, self.sync(mark))

    def close(self) -> None:
        """Write and seal everything; nothing may be added afterwards."""
        self.commit()
        self._seal()
        if self.shortage:
            self._resume(self.shortage, self.shortage.batch.last)
        self.ledger.settle(self.ledger.promise())
        self._write_ledger()

    def _write_ledger(self) -> None:
        """Write the ledger; a disk that refuses is noted, and the entries wait."""
        try:
            self.ledger.write(close=self.shortage is None)
        except OSError as error:
            _log.error("the coverage ledger cannot be written", reason=reason_of(error))

    def _seal(self) -> None:
        unsafe, self._unsafe = self._unsafe, None
        self._segments.seal()
        self._note_doubt(unsafe)

    def _note_doubt(self, unsafe: Batch | None) -> None:
        """After a failed sync nobody knows what was kept of that which was not safe: it is a gap, whatever is found."""
        error, self._segments.doubt = self._segments.doubt, None
        for batch in (self._marked, unsafe):
            if error and batch:
                self.ledger.dropped(batch.since, batch.until, batch.messages, reason_of(error))
                _log.error("the disk failed to keep what it took", reason=reason_of(error), messages=batch.messages)
