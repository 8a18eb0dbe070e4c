"""One system per folder: a lock that its owner holds while it lives."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidemark.core.errors import Problem


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which stands beside it. Raises Problem while another process holds it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(
                f"another Tidemark is running in {folder}", "Wait for its end, or stop it: make down"
            ) from None
        yield
