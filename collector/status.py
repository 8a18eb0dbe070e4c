"""How the collector is: one value that metrics, health and `tidemark status` show."""

import msgspec

from tidemark.archive.event_type import counted_type


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A running collector at one moment.

    Counters count since the start; `received` is by event type, `gaps`, `gap_seconds`, `lost` and `failed` by reason.
    Ages and lags are in seconds, None where there is nothing to measure. `uncovered` gives the reason of each expected
    topic that is not joined; `shortage` is the disk's reason while messages cannot be written.
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
    lag: float | None
    last_event_age: float | None
    sync_age: float
    sync_limit: float
    disk_free: int
    pending_upload: int
    oldest_pending_upload: float | None
    upload_failures: int = 0

    @property
    def troubles(self) -> tuple[str, ...]:
        """Return what keeps the collector from being ready; nothing when it is joined and writing."""
        troubles = [f"{topic} is not covered: {reason}" for topic, reason in sorted(self.uncovered.items())]
        if self.shortage:
            troubles.append(f"messages cannot be written: {self.shortage}")
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
