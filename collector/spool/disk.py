"""The edge to the file system: every read and write of a spool goes through here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

from tidemark.storage.files import sync_folder

OPEN = "open"
SEALED = "sealed"
PACKED = "packed"
UPLOADED = "uploaded"


class Disk:
    """The files of one spool. Paths are relative to its folder; every method raises OSError when the disk does."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Create the spool's folders where they are missing."""
        for folder in (OPEN, SEALED):
            (self.root / folder).mkdir(parents=True, exist_ok=True)

    def names(self, folder: str) -> list[str]:
        """Return the sorted file names in a folder; none where the folder is missing."""
        path = self.root / folder
        return sorted(entry.name for entry in os.scandir(path)) if path.is_dir() else []

    def everywhere(self) -> list[str]:
        """Return the path of every file in the spool's folders, whatever stage put it there."""
        folders = [entry.name for entry in os.scandir(self.root) if entry.is_dir()]
        return [f"{folder}/{name}" for folder in folders for name in self.names(folder)]

    def size(self, path: str) -> int:
        """Return a file's length in bytes."""
        return (self.root / path).stat().st_size

    def free(self) -> int:
        """Return the bytes that an ordinary process may still write."""
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize

    def read(self, path: str) -> bytes:
        """Return a small file's content."""
        return (self.root / path).read_bytes()

    @contextmanager
    def view(self, path: str) -> Iterator[bytes | mmap]:
        """Lend a large file's content without reading it whole."""
        with (self.root / path).open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                yield b""
                return
            with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
                yield content

    def create(self, path: str) -> int:
        """Create a file that must not exist yet, safe from a power cut, and return its descriptor for appending."""
        descriptor = os.open(self.root / path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            self.sync_folder(str(Path(path).parent))
        except OSError:  # a file that is not safe is none: nothing may be left of it, however often this is tried
            self.close(descriptor)
            self.remove(path)
            raise
        return descriptor

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Append and return how many bytes the operating system took."""
        return os.write(descriptor, data)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut an open file to a length."""
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """Wait until an open file's content would survive a power cut."""
        os.fdatasync(descriptor)

    def share(self, descriptor: int) -> int:
        """Return a second descriptor of an open file, which stays good when the first is closed."""
        return os.dup(descriptor)

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        os.close(descriptor)

    def put_at(self, path: str, offset: int, data: bytes) -> None:
        """Make `data` a file's content from `offset` on, to its end, and wait until it is safe.

        Repeating it after a failure gives the same file. Only content from the beginning makes a new one: a file that
        was moved away meanwhile must not come again with a hole in it.
        """
        create = 0 if offset else os.O_CREAT
        descriptor = os.open(self.root / path, create | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            self.truncate(descriptor, offset)
            rest = memoryview(data)
            while rest:
                rest = rest[self.write(descriptor, rest) :]
            self.sync(descriptor)
        finally:
            self.close(descriptor)
        if not offset:  # also where the file is there: an earlier try may have failed to make its name safe
            self.sync_folder(str(Path(path).parent))

    def move(self, path: str, folder: str) -> None:
        """Rename a file into another folder of the spool, safe from a power cut."""
        source = self.root / path
        source.rename(self.root / folder / source.name)
        self.sync_folder(folder)
        self.sync_folder(str(Path(path).parent))

    def remove(self, path: str) -> None:
        """Delete a file."""
        (self.root / path).unlink()

    def sync_folder(self, folder: str) -> None:
        """Wait until a folder's names would survive a power cut."""
        sync_folder(self.root / folder)
