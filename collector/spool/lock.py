"""The lock that keeps a second writer out of a spool. The operating system releases it when its holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tidemark.core.errors import Problem


class Occupied(Problem):
    """Another process writes into the spool."""


class Lock:
    """A lock that is held; its file tells others who holds it and where to ask how it is."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.say("")

    def say(self, address: str) -> None:
        """Write down the holder's process and address."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()} {address}\n".encode(), 0)


@contextmanager
def held(root: Path, *, patience: float = 0.0) -> Iterator[Lock]:
    """Hold the spool's lock; wait up to `patience` seconds for another holder to finish.

    Raises Occupied when the lock stays taken, Problem when the folder cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    except OSError as error:
        hint = "give this user a folder it may write, in TIDEMARK_SPOOL"
        raise Problem(f"the spool {root} cannot be written: {error.strerror}", hint) from error
    try:
        _take(descriptor, root, time.monotonic() + patience)
        yield Lock(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a spool's lock, and the address at which it tells how it is; empty where it tells nobody."""

    pid: int
    address: str


def holder(root: Path) -> Holder | None:
    """Return who holds the lock now, None when nobody does."""
    try:
        with (root / "lock").open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read_holder(file.read(256))
    except FileNotFoundError:
        return None
    return None


def _read_holder(text: bytes) -> Holder:
    pid, _, address = text.decode("ascii", "replace").strip().partition(" ")
    return Holder(int(pid) if pid.isdigit() else 0, address)


def _take(descriptor: int, root: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                pid = _read_holder(os.pread(descriptor, 256, 0)).pid
                hint = "stop it first, or give this collector its own TIDEMARK_SPOOL and TIDEMARK_COLLECTOR"
                raise Occupied(f"process {pid} already writes into the spool {root}", hint) from error
            time.sleep(0.05)
