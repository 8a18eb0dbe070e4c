"""Following a spool: the record lines that a collector appends, in order, across segments.

The collector writes whole lines, seals a segment by renaming it and only then opens the next. A segment is found in
`open/` or `sealed/` by its name, and it is read from a place on; a line that is not finished yet waits.
"""

from collections.abc import Iterator
from contextlib import suppress
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from collector.spool.disk import OPEN, SEALED
from tidemark.archive.names import SegmentName
from tidemark.core.errors import Problem

_READ = 8 << 20  # bytes at a time
_LONGEST = 96 << 20  # of a line, as tidemark.archive.record


class Position(msgspec.Struct, frozen=True):
    """Up to where a spool was read: a segment's name, and the bytes of whole lines; an empty name is the beginning."""

    segment: str = ""
    offset: int = 0


class SpoolTail:
    """Reads a spool from a position on. `missing` names the segments that were gone before they were read."""

    def __init__(self, root: Path, position: Position) -> None:
        self.missing: list[str] = []
        self.position = position
        self._root = root
        self._gone = False

    @classmethod
    def open(cls, root: Path, position: Position | None = None) -> Self:
        """Begin at a position, by default at the end. Raises Problem where there is no spool."""
        if not root.is_dir():
            raise Problem(f"there is no spool at {root}", "Set TIDEMARK_SPOOL to the collector's folder")
        tail = cls(root, position or Position())
        if position is None:
            tail.position = tail.end()
        return tail

    def first(self) -> Position:
        """Return the beginning of the spool."""
        return Position(next(iter(self._segments()), ""))

    def end(self) -> Position:
        """Return the end of the whole lines that are written now."""
        names = self._segments()
        if not names:
            return Position()
        with suppress(FileNotFoundError), self._open(names[-1]) as file:
            return Position(names[-1], _whole(file, file.seek(0, SEEK_END)))
        return Position(names[-1])

    def back(self, size: int) -> Position:
        """Return the beginning of a line at most `size` bytes before the position, in its segment or an earlier one."""
        place = self.position
        for name in reversed([name for name in self._segments() if name < place.segment]):
            if place.offset >= size:
                break
            with suppress(FileNotFoundError), self._open(name) as file:
                size -= place.offset
                place = Position(name, file.seek(0, SEEK_END))
        start = place.offset - size
        if start <= 0:
            return Position(place.segment)
        with suppress(FileNotFoundError), self._open(place.segment) as file:
            file.seek(start)
            return Position(place.segment, min(start + len(file.readline()), place.offset))
        return place

    def read(self) -> Iterator[list[bytes]]:
        """Yield the whole lines since the position, a part at a time; the position moves with each part taken."""
        while True:
            later = [name for name in self._segments() if name > self.position.segment]
            lines, size = self._lines()  # after the look at the names: when a later one exists, this one is complete
            if lines:
                self.position = Position(self.position.segment, self.position.offset + size)
                yield lines
            elif later:
                if self._gone:
                    self.missing.append(self.position.segment)
                self.position = Position(later[0])
            else:
                return

    def _lines(self) -> tuple[list[bytes], int]:
        if not self.position.segment:
            return [], 0
        data, wanted = b"", _READ
        try:
            with self._open(self.position.segment) as file:
                while wanted <= _LONGEST:
                    file.seek(self.position.offset)
                    data = file.read(wanted)
                    if b"\n" in data or len(data) < wanted:
                        break
                    wanted *= 4  # one very long line
            self._gone = False
        except FileNotFoundError:
            self._gone = True
        size = data.rfind(b"\n") + 1
        return data[:size].splitlines(keepends=True), size

    def _segments(self) -> list[str]:
        found = set()
        for folder in (SEALED, OPEN):
            with suppress(FileNotFoundError):
                found |= {path.name for path in (self._root / folder).iterdir()}
        return sorted(name for name in found if _is_segment(name))

    def _open(self, name: str) -> BinaryIO:
        """Open a segment where it is; it moves from `open` to `sealed` and never back."""
        try:
            return (self._root / OPEN / name).open("rb")
        except FileNotFoundError:
            return (self._root / SEALED / name).open("rb")


def _is_segment(name: str) -> bool:
    try:
        SegmentName.parse(name)
    except ValueError:
        return False
    return True


def _whole(file: BinaryIO, size: int) -> int:
    """Return the length of a file's whole lines, of its first `size` bytes."""
    for end in range(size, 0, -_READ):
        start = max(0, end - _READ)
        file.seek(start)
        if (place := file.read(end - start).rfind(b"\n")) >= 0:
            return start + place + 1
    return 0
