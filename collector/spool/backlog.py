"""What a spool still holds for the archive, and what may go because the archive has it."""

from contextlib import suppress

import msgspec

from collector.spool.disk import OPEN, SEALED, UPLOADED, Disk
from tidemark.archive.names import SegmentName


class Backlog(msgspec.Struct, frozen=True):
    """Sealed segments that the archive does not have: how many, how large, and the oldest one's hour.

    `open` are the segments that still grow or that a dead process left.
    """

    open: int
    pending_upload: int
    pending_upload_bytes: int
    oldest: str | None


def backlog(disk: Disk) -> Backlog:
    """Look at the names in a spool; files that vanish meanwhile were just shipped."""
    shipped = {name.removesuffix(".json") for name in disk.names(UPLOADED)}
    waiting = [name for name in _segments(disk, SEALED) if str(name) not in shipped]
    size = 0
    for name in waiting:
        try:
            size += disk.size(f"{SEALED}/{name}")
        except FileNotFoundError:
            continue
    return Backlog(len(_segments(disk, OPEN)), len(waiting), size, min(waiting).hour.key if waiting else None)


def _segments(disk: Disk, folder: str) -> list[SegmentName]:
    names = []
    for name in disk.names(folder):
        try:
            names.append(SegmentName.parse(name))
        except ValueError:
            continue
    return names


def evict(disk: Disk) -> int:
    """Delete sealed segments that were uploaded and read back; return the bytes they held.

    Collector and upload may do so at once: what the other has deleted is skipped.
    """
    shipped = {name.removesuffix(".json") for name in disk.names(UPLOADED)}
    freed = 0
    for name in disk.names(SEALED):
        if name in shipped:
            with suppress(FileNotFoundError):
                size = disk.size(f"{SEALED}/{name}")
                disk.remove(f"{SEALED}/{name}")
                freed += size
    return freed
