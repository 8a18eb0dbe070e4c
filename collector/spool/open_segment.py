"""One open segment: whole record lines appended to one file."""

from errno import EIO

from collector.spool.disk import OPEN, SEALED, Disk
from tidemark.archive.names import SegmentName


class UnwrittenError(Exception):
    """The disk took only a part: `rest` holds the whole lines it did not take, `error` says why."""

    def __init__(self, rest: bytes, error: OSError) -> None:
        super().__init__(rest, error)
        self.rest = rest
        self.error = error


class OpenSegment:
    """A segment that this process writes. After an error of the disk it still ends with a whole line."""

    def __init__(self, disk: Disk, name: SegmentName) -> None:
        self.name = name
        self.size = 0
        self.descriptor = disk.create(f"{OPEN}/{name}")
        self._disk = disk
        self._torn = False

    def write(self, lines: bytes) -> None:
        """Append whole lines. Raises UnwrittenError with those that did not fit."""
        written = 0
        try:
            self._truncate_torn_tail()
            with memoryview(lines) as rest:
                while written < len(lines):
                    written += self._disk.write(self.descriptor, rest[written:])
        except OSError as error:
            kept = lines.rfind(b"\n", 0, written) + 1
            self.size += kept
            self._torn = True
            raise UnwrittenError(lines[kept:], error) from error
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


def seal(disk: Disk, name: SegmentName) -> None:
    """Give a closed segment its final place; one without records is removed."""
    path = f"{OPEN}/{name}"
    if disk.size(path):
        disk.move(path, SEALED)
    else:
        disk.remove(path)


def is_broken(error: OSError) -> bool:
    """Say whether a file should not be written any further after this error."""
    return error.errno == EIO
