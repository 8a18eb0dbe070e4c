"""Files that survive a power cut, locks that end with the process that holds them, and the folders that ship."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal, TypeVar

import tidemark

_Result = TypeVar("_Result")
_LOCK_POLL = 0.05
_LOCK_CONTENT = 256


class LockedError(Exception):
    """Another process holds the lock; `content` is what it wrote into the lock's file."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.content = content


@contextmanager
def locked(path: Path, *, timeout: float = 0.0) -> Iterator[int]:
    """Hold the lock of a file, which is created where it is missing; yield the file's descriptor.

    Waits up to `timeout` seconds for another holder. Raises LockedError where it keeps the lock, OSError where the
    file cannot be opened.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        _take(descriptor, time.monotonic() + timeout)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise LockedError(os.pread(descriptor, _LOCK_CONTENT, 0)) from error
            time.sleep(_LOCK_POLL)


def lock_content(path: Path) -> bytes | None:
    """Return what the holder of a lock wrote into its file, None where no process holds it."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read(_LOCK_CONTENT)
    except FileNotFoundError:
        return None
    return None


def write_atomic(path: Path, fill: Callable[[BinaryIO], _Result]) -> _Result:
    """Write a file so that it is there either whole and durable, or not at all; return what `fill` returns.

    Only a killed process leaves anything, which ends in `.tmp`: what is left on a full disk keeps it full. Raises
    OSError, and what `fill` raises.
    """
    part = path.with_name(f"{path.name}.tmp")
    try:
        with part.open("wb") as file:
            result = fill(file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except BaseException:
        with suppress(OSError):  # the first failure is the one to tell
            part.unlink()
        raise
    sync_folder(path.parent)
    return result


def sync_folder(folder: Path) -> None:
    """Wait until a folder's names would survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def shipped(name: Literal["dags", "sql"]) -> Path:
    """Return the folder `name`: inside the package where a wheel was installed, beside it in a checkout."""
    package = Path(tidemark.__file__).parent
    installed = package / name
    return installed if installed.is_dir() else package.parent / name
