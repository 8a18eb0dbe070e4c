"""The segments of a spool: whole record lines, appended to the open file of their hour, which is sealed at its end."""

from contextlib import suppress
from errno import EDQUOT, EIO, ENOSPC, EOVERFLOW, EROFS
from typing import Self

from collector.spool.disk import OPEN, SEALED, UPLOADED, Disk
from collector.spool.repair import seal, segment_in, truncate_torn_tail
from tidemark.archive.names import LAST_NUMBER, SegmentName
from tidemark.archive.reasons import Reason
from tidemark.core.hour import Hour

LARGEST = 512 * 1024 * 1024
_FULL = frozenset({ENOSPC, EDQUOT})


def reason_of(error: OSError) -> Reason:
    """Return the ledger's word for a failure of the disk."""
    if error.errno in _FULL:
        return Reason.DISK_FULL
    return Reason.DISK_READ_ONLY if error.errno == EROFS else Reason.DISK_ERROR


class UnwrittenError(Exception):
    """The disk took only a part: `rest` holds the whole lines it did not take, `error` says why."""

    def __init__(self, rest: bytes, error: OSError) -> None:
        super().__init__(rest, error)
        self.rest = rest
        self.error = error


class OpenSegment:
    """A segment that this process writes. After an error of the disk it still ends with a whole line."""

    def __init__(self, disk: Disk, name: SegmentName, descriptor: int) -> None:
        self.name = name
        self.size = 0
        self.descriptor = descriptor
        self._disk = disk
        self._torn = False

    @classmethod
    def create(cls, disk: Disk, name: SegmentName) -> Self:
        """Create the file of a new segment. Raises OSError."""
        return cls(disk, name, disk.create(f"{OPEN}/{name}"))

    def write(self, lines: bytes) -> None:
        """Append whole lines. Raises UnwrittenError with those that did not fit."""
        written = 0
        try:
            self._truncate_torn_tail()
            with memoryview(lines) as rest:
                while written < len(lines):
                    written += self._disk.write(self.descriptor, rest[written:])
        except OSError as error:
            whole = lines.rfind(b"\n", 0, written) + 1
            self.size += whole
            self._torn = True
            raise UnwrittenError(lines[whole:], error) from error
        self.size += written

    def _truncate_torn_tail(self) -> None:
        """Cut what an earlier failure may have left behind the last whole line."""
        if self._torn:
            self._disk.truncate(self.descriptor, self.size)
            self._torn = False

    def close(self) -> None:
        """Make the content safe and close the file. Raises OSError when it is not safe."""
        try:
            self._truncate_torn_tail()
            self._disk.sync(self.descriptor)
        finally:
            self._disk.close(self.descriptor)


class Segments:
    """Writes lines into segments of at most `largest` bytes; a refusal of the disk is returned, never raised.

    The last segment that an hour has a number for grows larger: there is no other for what comes.
    `sync_error` is why a segment could not be closed in good order; what was written and not synced may be lost then.
    """

    def __init__(self, disk: Disk, largest: int) -> None:
        self.sync_error: OSError | None = None
        self._disk = disk
        self._largest = largest
        self._open: OpenSegment | None = None
        self._unsealed: list[SegmentName] = []

    def share(self) -> int | None:
        """Return a descriptor of the open segment for syncing it elsewhere; None when there is none."""
        return self._disk.share(self._open.descriptor) if self._open else None

    def write(self, hour: Hour, lines: bytes, *, retry: bool) -> tuple[bytes, OSError | None]:
        """Write whole lines; return those that could not be written, with the reason.

        One remedy is tried: room is made on a full disk, and, when `retry`, a failing file is left for another.
        """
        rest, error = self._attempt(hour, lines)
        if error and self._remedy(error, retry=retry):
            rest, error = self._attempt(hour, rest)
        return rest, error

    def _attempt(self, hour: Hour, lines: bytes) -> tuple[bytes, OSError | None]:
        try:
            self._segment_for(hour, len(lines)).write(lines)
        except UnwrittenError as unwritten:
            return unwritten.rest, unwritten.error
        except OSError as error:
            return lines, error
        return b"", None

    def _segment_for(self, hour: Hour, size: int) -> OpenSegment:
        """Return the open segment, a new one where the last would grow too large. Raises OSError."""
        opened = self._open
        if opened and opened.size and opened.size + size > self._largest and opened.name.number < LAST_NUMBER:
            self.seal()
        if self._open is None:
            found = (segment_in(path.partition("/")[2]) for path in self._disk.everywhere())
            numbers = [name.number for name in found if name and name.hour == hour]
            last = max(numbers, default=0)
            if last >= LAST_NUMBER:
                raise OSError(EOVERFLOW, f"the hour {hour.key} has no segment left")
            self._open = OpenSegment.create(self._disk, SegmentName(hour, last + 1))
        return self._open

    def _remedy(self, error: OSError, *, retry: bool) -> bool:
        """Say whether it is worth trying again."""
        if error.errno == EIO and retry:  # the file should not be written any further
            self.seal()
            return True
        try:
            return error.errno in _FULL and evict(self._disk) > 0
        except OSError:
            return False

    def seal(self) -> None:
        """Seal the open segment; where the disk refuses, `seal_left_over` or a repair will."""
        if self._open is None:
            return
        segment, self._open = self._open, None
        try:
            segment.close()
            seal(self._disk, segment.name)
        except OSError as error:
            self._unsealed.append(segment.name)
            self.sync_error = error

    def seal_left_over(self) -> None:
        """Try again to seal what the disk refused to."""
        for name in list(self._unsealed):
            try:
                truncate_torn_tail(self._disk, name)
            except FileNotFoundError:
                pass  # it was moved after all; only making that safe had failed
            except OSError:
                continue
            self._unsealed.remove(name)


def evict(disk: Disk) -> int:
    """Delete sealed segments that were uploaded and read back; return the bytes they held.

    Collector and upload may do so at once: what the other has deleted is skipped.
    """
    uploaded = {name.removesuffix(".json") for name in disk.names(UPLOADED)}
    freed = 0
    for name in disk.names(SEALED):
        if name in uploaded:
            with suppress(FileNotFoundError):
                size = disk.size(f"{SEALED}/{name}")
                disk.remove(f"{SEALED}/{name}")
                freed += size
    return freed
