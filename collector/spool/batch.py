"""Messages as the spool counts them: received together, not yet safe, or not kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from errno import EDQUOT, ENOSPC, EROFS

from tidemark.archive.reasons import Reason

FULL = frozenset({ENOSPC, EDQUOT})
_INSTANT = timedelta(microseconds=1)


def reason_of(error: OSError) -> Reason:
    """Return the ledger's word for a failure of the disk."""
    if error.errno in FULL:
        return Reason.DISK_FULL
    return Reason.DISK_READ_ONLY if error.errno == EROFS else Reason.DISK_ERROR


@dataclass(slots=True)
class Batch:
    """So many messages, received from `since` to `last`."""

    since: datetime
    last: datetime
    messages: int

    @property
    def until(self) -> datetime:
        """The first moment after the last message."""
        return self.last + _INSTANT


def joined(earlier: Batch | None, later: Batch) -> Batch:
    """Return two batches as one."""
    if earlier is None:
        return later
    return Batch(earlier.since, later.last, earlier.messages + later.messages)


@dataclass(frozen=True, slots=True)
class Shortage:
    """Messages that could not be written, and why."""

    batch: Batch
    reason: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point up to which the spool is being made safe: the open file, and the proofs of life up to then."""

    descriptor: int | None
    proofs: dict[int, datetime]
