"""The lock that keeps a second writer out of a spool. The operating system releases it when its holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.problem import Problem


class Occupied(Problem):
    """Another process writes into the spool."""


@contextmanager
def held(root: Path, *, patience: float = 0.0) -> Iterator[None]:
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
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, root: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
                hint = "stop it first, or give this collector its own TIDEMARK_SPOOL and TIDEMARK_COLLECTOR"
                raise Occupied(f"process {holder} already writes into the spool {root}", hint) from error
            time.sleep(0.05)
