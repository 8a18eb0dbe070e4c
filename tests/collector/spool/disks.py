"""Disks that fail on purpose: one that refuses, one that loses its power."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from collector.spool.disk import OPEN, SEALED, Disk


class RefusingDisk(Disk):
    """Raises an error from chosen methods; `fired` counts by method.

    A refused write may take some bytes first. A refused sync drops what was not synced before, as a kernel may.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.fired: Counter[str] = Counter()
        self._errors: dict[str, int] = {}
        self._takes = 0
        self._synced: dict[int, int] = {}

    @contextmanager
    def refusing(self, error: int, *methods: str, takes: int = 0) -> Iterator[None]:
        """Let methods fail with an errno for a while; each write takes `takes` bytes before it does."""
        self.refuse(error, *methods, takes=takes)
        try:
            yield
        finally:
            self.relent()

    def refuse(self, error: int, *methods: str, takes: int = 0) -> None:
        """Let methods fail with an errno until `relent`."""
        self._errors = dict.fromkeys(methods, error)
        self._takes = takes

    def relent(self) -> None:
        """Work again."""
        self._errors.clear()

    def _maybe(self, method: str) -> None:
        if method in self._errors:
            self.fired[method] += 1
            raise OSError(self._errors[method], os.strerror(self._errors[method]))

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if "write" in self._errors and self._takes:
            taken = super().write(descriptor, data[: self._takes])
            self._takes -= taken
            return taken
        self._maybe("write")
        return super().write(descriptor, data)

    def create(self, path: str) -> int:
        self._maybe("create")
        return super().create(path)

    def sync(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        if "sync" in self._errors:
            os.ftruncate(descriptor, min(found.st_size, self._synced.get(found.st_ino, 0)))
        self._maybe("sync")
        super().sync(descriptor)
        self._synced[found.st_ino] = found.st_size

    def truncate(self, descriptor: int, size: int) -> None:
        self._maybe("truncate")
        super().truncate(descriptor, size)

    def move(self, path: str, folder: str) -> None:
        self._maybe("move")
        super().move(path, folder)

    def sync_folder(self, folder: str) -> None:
        self._maybe("sync_folder")
        super().sync_folder(folder)


class PowerlessDisk(Disk):
    """Remembers what would survive a power cut: synced content under names whose folder was synced."""

    def __init__(self, root: Path, vault: Path) -> None:
        super().__init__(root)
        self.cuts = 0
        self._vault = vault
        self._sizes: dict[int, int] = {}
        self._names: dict[str, dict[str, int]] = {}
        vault.mkdir()

    def _keep(self, descriptor: int, path: Path) -> None:
        kept = self._vault / str(os.fstat(descriptor).st_ino)
        if not kept.exists():
            os.link(path, kept)

    def create(self, path: str) -> int:
        descriptor = super().create(path)
        self._keep(descriptor, self.root / path)
        return descriptor

    def put_at(self, path: str, offset: int, data: bytes) -> None:
        super().put_at(path, offset, data)
        with (self.root / path).open("rb") as file:
            self._keep(file.fileno(), self.root / path)

    def sync(self, descriptor: int) -> None:
        super().sync(descriptor)
        found = os.fstat(descriptor)
        self._sizes[found.st_ino] = found.st_size

    def sync_folder(self, folder: str) -> None:
        super().sync_folder(folder)
        self._names[folder] = {entry.name: entry.inode() for entry in os.scandir(self.root / folder)}

    def cut_power(self) -> None:
        """Leave on disk what was safe, and nothing else."""
        self.cuts += 1
        for folder in (OPEN, SEALED):
            safe = {name: self._safe(inode) for name, inode in self._names.get(folder, {}).items()}
            rmtree(self.root / folder)
            (self.root / folder).mkdir()
            for name, content in safe.items():
                super().put_at(f"{folder}/{name}", 0, content)
                os.link(self.root / folder / name, self._vault / str((self.root / folder / name).stat().st_ino))

    def _safe(self, inode: int) -> bytes:
        return (self._vault / str(inode)).read_bytes()[: self._sizes.get(inode, 0)]
