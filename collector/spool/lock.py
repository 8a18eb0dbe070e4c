"""The lock that keeps a second writer out of a spool, and what its holder tells others."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tidemark.core.errors import Problem
from tidemark.storage.files import LockedError, lock_content, locked

MOVED = "moved"
"""The file that marks a spool which moves, or has moved, to another machine: docs/backup.md."""


class SpoolLockedError(Problem):
    """Another process writes into the spool."""


class Lock:
    """A lock that is held; its file tells others which process holds it and where to ask for its status."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def publish(self, address: str) -> None:
        """Write down the holder's process and address."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()} {address}\n".encode(), 0)


def refuse_moved(root: Path) -> None:
    """Raise Problem where a spool is marked as moved: two machines would report the same hours in two ways."""
    if (root / MOVED).exists():
        raise Problem(
            f"the spool {root} moves to another machine: it holds the file {MOVED}",
            f"On the new machine remove {root / MOVED} once everything is copied; on the old one stop the collector "
            "and the hourly upload for good: docs/backup.md",
        )


@contextmanager
def held(root: Path, *, timeout: float = 0.0) -> Iterator[Lock]:
    """Hold the spool's lock; wait up to `timeout` seconds for another holder to finish.

    Raises SpoolLockedError when the lock stays taken, Problem when the folder cannot be written or is marked as moved.
    """
    with ExitStack() as stack:
        try:
            refuse_moved(root)
            root.mkdir(parents=True, exist_ok=True)
            lock = Lock(stack.enter_context(locked(root / "lock", timeout=timeout)))
            lock.publish("")
        except LockedError as error:
            hint = "Stop it first, or give this collector its own TIDEMARK_SPOOL and TIDEMARK_COLLECTOR"
            pid = _read_holder(error.content).pid
            raise SpoolLockedError(f"process {pid} already writes into the spool {root}", hint) from error
        except OSError as error:
            hint = "Give this user a folder that it may write to, in TIDEMARK_SPOOL"
            raise Problem(f"the spool {root} cannot be written: {error.strerror}", hint) from error
        yield lock


@dataclass(frozen=True, slots=True)
class Holder:
    """Which process holds a spool's lock, and the address of its status; empty where it serves none."""

    pid: int
    address: str


def holder(root: Path) -> Holder | None:
    """Return which process holds the lock now, None when none does."""
    content = lock_content(root / "lock")
    return None if content is None else _read_holder(content)


def _read_holder(text: bytes) -> Holder:
    pid, _, address = text.decode("ascii", "replace").strip().partition(" ")
    return Holder(int(pid) if pid.isdigit() else 0, address)
