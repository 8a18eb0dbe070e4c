"""The account of a spool: what was sent is on disk or in a gap, nothing is there twice, sealed files are valid."""

from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import Began, read_ledger
from tidemark.archive.manifest import Gap
from tidemark.archive.names import CoverageName, SegmentName
from tidemark.archive.record import Record, read_record
from tidemark.core.hour import Hour, hours


@dataclass(frozen=True)
class Account:
    """What became of messages: kept on disk, explained by a gap, or lost; `doubled` were kept more often than sent."""

    sent: int
    kept: int
    in_gaps: int
    lost: tuple[bytes, ...]
    doubled: tuple[bytes, ...]


def kept_in(root: Path) -> Counter[bytes]:
    """Return the messages in a spool's segments. Raises ValueError where a sealed file is not valid."""
    messages: Counter[bytes] = Counter()
    for path in [*root.glob("open/*.jsonl"), *root.glob("sealed/*.jsonl")]:
        try:
            hour = SegmentName.parse(path.name).hour
        except ValueError:
            continue
        data = path.read_bytes()
        whole = data if path.parent.name == "sealed" else data[: data.rfind(b"\n") + 1]
        for line in whole.splitlines(keepends=True):
            record = read_record(line)
            if not line.endswith(b"\n") or Hour.of(datetime.fromisoformat(record.received_at)) != hour:
                raise ValueError(f"{path.name} holds {line[:200]!r}")
            messages[bytes(record.message) or _unparsed(record)] += 1
    return messages


def _unparsed(record: Record) -> bytes:
    return b64decode(record.unparsed_base64) if record.unparsed_base64 else (record.unparsed or "").encode()


def gaps_in(root: Path) -> list[Gap]:
    """Return the gaps of every hour from a spool's first ledger to its last; without one no collector ran."""
    paths = {CoverageName.parse(path.name).hour: path for path in root.glob("*/*.coverage.jsonl")}
    gaps: list[Gap] = []
    expected: dict[str, str] = {}
    for hour in hours(min(paths), max(paths)):
        entries = read_ledger(paths[hour].read_bytes()) if hour in paths else (Began(hour.start, None, expected),)
        coverage = coverage_of(entries, hour)
        gaps += coverage.gaps
        expected = coverage.expected
    return gaps


def account_of(
    root: Path,
    sent: Iterable[tuple[datetime, bytes]],
    flight: timedelta = timedelta(),
    name: Callable[[bytes], bytes] = bytes,
) -> Account:
    """Balance what was sent, and when, against a spool; what left up to `flight` before a gap was lost in it.

    `name` turns a message into the name under which `sent` has it.
    """
    sent = list(sent)
    kept = Counter(name(message) for message in kept_in(root).elements())
    gaps = gaps_in(root)
    wanted = Counter(message for _, message in sent)
    missing = wanted - kept
    lost, explained = [], 0
    for at, message in sent:
        if missing[message] > 0:
            missing[message] -= 1
            if any(gap.start - flight <= at < gap.end + flight for gap in gaps):
                explained += 1
            else:
                lost.append(message)
    return Account(len(sent), (kept & wanted).total(), explained, tuple(lost), tuple((kept - wanted).elements()))
