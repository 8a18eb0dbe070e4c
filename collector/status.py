"""How the collector and its spool are: the values that metrics, health and `tidemark status` show."""

from pathlib import Path

import msgspec

from collector.http import ask
from collector.spool.disk import OPEN, SEALED, UPLOADED, Disk
from collector.spool.lock import holder
from collector.spool.repair import inheritance
from tidemark.archive.event_type import counted_type
from tidemark.archive.names import SegmentName
from tidemark.core.errors import Problem
from tidemark.core.timestamps import format_timestamp


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A running collector at one time.

    Counters count since the start; `received` is by event type, `gaps`, `gap_seconds`, `lost` and `failed` by reason.
    `connect_failures` counts attempts to connect that failed, and `unconnected` says what the last of them failed of,
    None once a topic was joined.
    Ages and lags are in seconds, None where there is nothing to measure; before the first message its age is that of
    the collector, so that one to which nothing comes is noticed. `uncovered` gives the reason of each expected
    topic that is not joined; `shortage` is the disk's reason while messages cannot be written,
    `unwritten_ledger` while the coverage ledger cannot.
    """

    collector: str
    software: str
    pid: int
    at: str
    started_at: str
    hour: str
    expected: tuple[str, ...]
    joined: tuple[str, ...]
    uncovered: dict[str, str]
    connections: int
    shortage: str | None
    unwritten_ledger: str | None = None
    clock_steps: int
    received: dict[str, int]
    received_bytes: int
    persisted: int
    persisted_bytes: int
    dropped: int
    gaps: dict[str, int]
    gap_seconds: dict[str, float]
    lost: dict[str, int]
    failed: dict[str, int]
    connect_failures: dict[str, int] = {}
    unconnected: str | None = None
    lag: float | None
    last_event_age: float | None
    sync_age: float
    sync_limit: float
    disk_free: int
    pending_upload: int
    oldest_pending_upload: float | None
    upload_failures: int = 0
    lost_log_lines: int = 0

    @property
    def troubles(self) -> tuple[str, ...]:
        """Return what keeps the collector from being ready; nothing when it is joined and writing."""
        troubles = [self.unconnected] if self.unconnected and self.uncovered else []
        troubles += [f"{topic} is not covered: {reason}" for topic, reason in sorted(self.uncovered.items())]
        if self.shortage:
            troubles.append(f"messages cannot be written: {self.shortage}")
        elif self.unwritten_ledger:
            troubles.append(f"the coverage ledger cannot be written: {self.unwritten_ledger}")
        if self.sync_age > self.sync_limit:
            troubles.append(f"nothing was safe on disk for {self.sync_age:.0f} seconds")
        return tuple(troubles)

    @property
    def ready(self) -> bool:
        """Whether everything expected is joined, written and safe."""
        return not self.troubles


def by_type(received: dict[str | None, int]) -> dict[str, int]:
    """Return counts by counting name: hostile names are one, and a frame that was not understood is `unparsed`."""
    counts: dict[str, int] = {}
    for event, count in received.items():
        name = "unparsed" if event is None else counted_type(msgspec.json.encode(event))
        counts[name] = counts.get(name, 0) + count
    return counts


class Backlog(msgspec.Struct, frozen=True):
    """Sealed segments that the archive does not have: how many, how large, and the oldest one's hour.

    `open` are the segments that still grow or that a dead process left.
    """

    open: int
    pending_upload: int
    pending_upload_bytes: int
    oldest: str | None


def backlog(disk: Disk) -> Backlog:
    """Return what the names in a spool say; files that vanish meanwhile were just uploaded."""
    uploaded = {name.removesuffix(".json") for name in disk.names(UPLOADED)}
    waiting = [name for name in _segments(disk, SEALED) if str(name) not in uploaded]
    size = 0
    for name in waiting:
        try:
            size += disk.size(f"{SEALED}/{name}")
        except FileNotFoundError:
            continue
    return Backlog(len(_segments(disk, OPEN)), len(waiting), size, min(waiting).hour.key if waiting else None)


def _segments(disk: Disk, folder: str) -> list[SegmentName]:
    names = []
    for name in disk.names(folder):
        try:
            names.append(SegmentName.parse(name))
        except ValueError:
            continue
    return names


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What `tidemark status` shows.

    `status` is None when no collector runs, or it does not answer; `pid` tells those apart. `last_entry` is the last
    timestamp in the spool.
    """

    spool: str
    pid: int | None
    status: Status | None
    backlog: Backlog
    disk_free: int
    last_entry: str


def inspect(root: Path) -> Snapshot:
    """Read a spool's state and ask the collector that writes it. Raises Problem where there is no spool."""
    if not root.is_dir():
        raise Problem(f"there is no spool at {root}", "set TIDEMARK_SPOOL to the collector's folder")
    disk = Disk(root)
    found = holder(root)
    return Snapshot(
        spool=str(root),
        pid=found.pid if found else None,
        status=_ask(found.address) if found and found.address else None,
        backlog=backlog(disk),
        disk_free=disk.free(),
        last_entry=format_timestamp(inheritance(disk).floor),
    )


def _ask(address: str) -> Status | None:
    try:
        return msgspec.json.decode(ask(address, "/status"), type=Status)
    except (OSError, ValueError):
        return None
