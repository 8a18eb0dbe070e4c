"""The segments of a spool: lines go into the open one of their hour; each is sealed in its time."""

from collector.spool.backlog import evict
from collector.spool.batch import FULL
from collector.spool.disk import Disk
from collector.spool.open_segment import OpenSegment, UnwrittenError, is_broken, seal
from collector.spool.repair import segment_in, truncate_torn_tail
from tidemark.archive.names import SegmentName
from tidemark.core.hour import Hour

LARGEST = 512 * 1024 * 1024


class Segments:
    """Writes lines into segments of at most `largest` bytes; a refusal of the disk is returned, never raised.

    `doubt` is why a segment could not be closed in good order; what was written and not synced may be lost then.
    """

    def __init__(self, disk: Disk, largest: int) -> None:
        self.doubt: OSError | None = None
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
        if self._open and self._open.size and self._open.size + size > self._largest:
            self.seal()
        if self._open is None:
            self._open = OpenSegment(self._disk, self._next_name(hour))
        return self._open

    def _next_name(self, hour: Hour) -> SegmentName:
        found = (segment_in(path.partition("/")[2]) for path in self._disk.everywhere())
        numbers = [name.number for name in found if name and name.hour == hour]
        return SegmentName(hour, max(numbers, default=0) + 1)

    def _remedy(self, error: OSError, *, retry: bool) -> bool:
        """Say whether it is worth trying again."""
        if is_broken(error) and retry:
            self.seal()
            return True
        try:
            return error.errno in FULL and evict(self._disk) > 0
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
            self.doubt = error

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
