"""One picture of a collector now: rates by type and collection, lag, gaps, disk and backlog. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from rich.console import Group
from rich.table import Table

from collector.status import Snapshot
from tidemark.live.market import safe

_ROWS = 10
_BAR = 20


class _Collection(msgspec.Struct):
    slug: str = ""


class _Payload(msgspec.Struct):
    collection: _Collection | None = None


class _Message(msgspec.Struct):
    payload: _Payload | None = None


class _Line(msgspec.Struct):
    message: _Message | None = None


_line = msgspec.json.Decoder(_Line)


def collections_of(lines: Iterable[bytes]) -> Counter[str]:
    """Count record lines by collection; what names none, or cannot be read, is under ""."""
    counts: Counter[str] = Counter()
    for line in lines:
        try:
            message = _line.decode(line).message
        except (ValueError, RecursionError):
            message = None
        collection = message.payload.collection if message and message.payload else None
        counts[collection.slug if collection else ""] += 1
    return counts


def picture(before: Snapshot, now: Snapshot, seconds: float, collections: Counter[str]) -> Group:
    """Return what happened in the `seconds` between two looks, and how things are now."""
    return Group(_state(now), "", _rates("type", _received(before, now), seconds), "",
                 _rates("collection", collections.most_common(), seconds))  # fmt: skip


def _state(now: Snapshot) -> Table:
    grid = Table(show_header=False, box=None, pad_edge=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    status = now.status
    if status:
        state = "joined and writing" if status.ready else "NOT READY: " + safe("; ".join(status.troubles), 200)
        grid.add_row("collector", f"{status.collector}  {status.at[11:19]} UTC  {state}")
        lag = "unknown" if status.lag is None else f"{status.lag:.2f} s"
        age = f"{status.last_event_age:.1f} s ago" if status.received else "none yet"
        grid.add_row("lag", f"{lag}  last message {age}  {len(status.joined)} of {len(status.expected)} topics joined")
        gaps = ", ".join(f"{safe(reason)} {seconds:,.0f} s" for reason, seconds in sorted(status.gap_seconds.items()))
        grid.add_row("gaps", f"{gaps or 'none'}  dropped {status.dropped:,}  since {status.started_at[:19]}")
    else:
        grid.add_row(
            "collector", "does not answer" if now.pid else f"NOT RUNNING since {now.last_entry[:19]} UTC or later"
        )
    waiting = f"{now.backlog.pending_upload} segments, {now.backlog.pending_upload_bytes / 1e6:,.1f} MB wait for upload"
    grid.add_row("disk", f"{now.disk_free / 1e9:,.1f} GB free  {waiting}")
    return grid


def _received(before: Snapshot, now: Snapshot) -> list[tuple[str, int]]:
    if not now.status:
        return []
    earlier = before.status.received if before.status and before.status.pid == now.status.pid else {}
    counts = Counter({name: count - earlier.get(name, 0) for name, count in now.status.received.items()})
    return counts.most_common()


def _rates(name: str, counts: Sequence[tuple[str, int]], seconds: float) -> Table:
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column(name, no_wrap=True, min_width=26)
    grid.add_column("per second", justify="right", no_wrap=True)
    grid.add_column("", no_wrap=True)
    most = max((count for _, count in counts), default=0)
    for label, count in counts[:_ROWS]:
        if count:
            grid.add_row(
                safe(label, 36) or "(none)", f"{count / seconds:,.1f}", "█" * max(1, round(_BAR * count / most))
            )
    if rest := sum(count for _, count in counts[_ROWS:]):
        grid.add_row(f"{len(counts) - _ROWS:,} others", f"{rest / seconds:,.1f}")
    if not most:
        grid.add_row("nothing came", "0")
    return grid
