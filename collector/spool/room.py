"""Room under pressure: sealed segments that the archive has go first."""

from contextlib import suppress

from collector.spool.disk import SEALED, Disk


def make_room(disk: Disk) -> int:
    """Delete sealed segments that were uploaded and read back; return the bytes they held.

    Collector and upload may do so at once: what the other has deleted is skipped.
    """
    shipped = {name.removesuffix(".json") for name in disk.names("uploaded")}
    freed = 0
    for name in disk.names(SEALED):
        if name in shipped:
            with suppress(FileNotFoundError):
                size = disk.size(f"{SEALED}/{name}")
                disk.remove(f"{SEALED}/{name}")
                freed += size
    return freed
