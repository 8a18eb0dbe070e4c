"""What an upload reports while it runs, at its end, and to those who ask later.

Plain values, ready to be printed as text or as JSON. `upload.json` in the spool keeps how the last run ended, for the
collector's metrics and `tidemark status`.
"""

from dataclasses import dataclass, field

import msgspec


@dataclass(frozen=True, slots=True)
class Planned:
    """The run is about to ship so many segments of so many bytes, and to commit so many hours."""

    segments: int
    bytes: int
    hours: int


@dataclass(frozen=True, slots=True)
class Shipped:
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


Event = Planned | Shipped | Committed | Failed


@dataclass(slots=True)
class Report:
    """A finished run. `waiting` counts the files and hours that were due and still are."""

    shipped: list[Shipped] = field(default_factory=list)
    committed: list[Committed] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    waiting: int = 0
    deleted: int = 0

    def done(self, event: Shipped | Committed) -> None:
        """Add what succeeded."""
        if isinstance(event, Shipped):
            self.shipped.append(event)
        else:
            self.committed.append(event)

    @property
    def complete(self) -> bool:
        """Whether everything that was due is in the archive."""
        return not self.failed and not self.waiting


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """How the last run ended. `at` is a moment; `failures` counts every run so far that left something behind."""

    at: str
    complete: bool
    shipped: int
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
        shipped=len(report.shipped),
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
