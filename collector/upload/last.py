"""The last run, kept as `upload.json` in the spool, so that the collector's metrics and `tidemark status` can tell."""

import msgspec

from collector.upload.event import Report


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
