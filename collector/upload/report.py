"""What an upload reports while it runs, at its end, and later; and the problems of files that it cannot upload.

Plain values, ready to be printed as text or as JSON. `upload.json` in the spool keeps how the last run ended, for the
collector's metrics and `tidemark status`.
"""

from dataclasses import dataclass, field
from errno import EDQUOT, ENOSPC

import msgspec

from tidemark.archive.names import SegmentName
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.storage.failures import problem_of
from tidemark.storage.object_store import Place

DISK_FULL = frozenset({ENOSPC, EDQUOT})


@dataclass(frozen=True, slots=True)
class Planned:
    """The run is about to upload these segments with these bytes, and to commit these hours."""

    segments: int
    bytes: int
    hours: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The archive has a segment; `created` is False where an equal object was there already."""

    name: str
    key: str
    bytes: int
    compressed_bytes: int
    seconds: float
    created: bool


@dataclass(frozen=True, slots=True)
class Committed:
    """The archive has the manifest of an hour."""

    hour: str
    key: str
    segments: int
    records: int
    gaps: int
    created: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A file or an hour could not be brought to the archive; it stays in the spool."""

    what: str
    problem: str
    hint: str


Event = Planned | Uploaded | Committed | Failed


@dataclass(slots=True)
class Report:
    """A finished run. `waiting` counts the files and hours that were due and still are."""

    uploaded: list[Uploaded] = field(default_factory=list)
    committed: list[Committed] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    waiting: int = 0
    deleted: int = 0

    def done(self, event: Uploaded | Committed) -> None:
        """Add what succeeded."""
        if isinstance(event, Uploaded):
            self.uploaded.append(event)
        else:
            self.committed.append(event)

    @property
    def complete(self) -> bool:
        """Whether everything that was due is in the archive."""
        return not self.failed and not self.waiting


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """How the last run ended. `at` is a timestamp; `failures` counts every run so far that left something behind."""

    at: str
    complete: bool
    uploaded: int
    committed: int
    waiting: int
    problems: tuple[str, ...]
    failures: int


_decoder = msgspec.json.Decoder(LastRun)


def last_run(at: str, report: Report, before: LastRun | None) -> LastRun:
    """Sum up a finished run, after the one before it."""
    return LastRun(
        at=at,
        complete=report.complete,
        uploaded=len(report.uploaded),
        committed=len(report.committed),
        waiting=report.waiting,
        problems=tuple(failed.problem for failed in report.failed),
        failures=(before.failures if before else 0) + (not report.complete),
    )


def print_last_run(last: LastRun) -> bytes:
    """Print it as one line of JSON."""
    return msgspec.json.encode(last) + b"\n"


def read_last_run(data: bytes) -> LastRun | None:
    """Read it; None where a dying machine left something else."""
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError:
        return None


def late(name: SegmentName) -> Problem:
    """Return the problem of a segment whose hour was committed without it."""
    return Problem(
        f"{name} was sealed after the manifest of its hour had been put, which is final",
        "The clock of this machine stepped back. The file stays where it is; to archive it, move it into sealed/ of an "
        "empty spool and upload that under another TIDEMARK_COLLECTOR",
    )


def elsewhere(name: SegmentName, there: Place | None, here: Place) -> Problem:
    """Return the problem of a segment that is only in another archive than its hour's manifest would be."""
    place = there or "a place that its record does not say"
    return Problem(
        f"{name} was uploaded to {place}, its hour goes to {here}, and the spool does not have it any more",
        "Set the endpoint, TIDEMARK_BUCKET, TIDEMARK_PREFIX and TIDEMARK_COLLECTOR back until that hour is committed; "
        f"or unpack that object as {name} into the spool's folder sealed/, and it is uploaded again",
    )


def jumped(hour: Hour) -> Problem:
    """Return the problem of a spool in which far too many hours follow an hour without a file of their own."""
    return Problem(
        f"the spool has files of {hour}, and then none of so many hours that none without a file is reported",
        "The clock was wrong then, or the machine was off for weeks. Move the files of that hour and of those before "
        f"({hour.compact} and less) out of the spool's folders sealed/ and uploaded/. The next run reports every hour "
        "since the first that is left",
    )


def spoiled(what: str, error: Exception) -> Problem:
    """Return the problem of content that cannot be read."""
    return Problem(
        f"{what} cannot be made, a file of it in the spool is damaged: {error}",
        "Check the disk. Cut the damaged line from the file, or move the file out of the spool, then run it again",
    )


def disk_problem(what: str, error: OSError) -> Problem:
    """Return the problem of a disk that refuses."""
    kept = (
        "About an eighth of a segment is needed to pack it"
        if error.errno in DISK_FULL
        else "The file stays in the spool"
    )
    problem = problem_of(f"{what} cannot be read or written", error, kept)
    assert problem is not None  # noqa: S101 - every OSError is known
    return problem
