"""What a dead process left open is cut after its last whole line and sealed, by the next start or the next upload."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from mmap import mmap
from pathlib import Path
from typing import TypeVar

from collector.spool.disk import OPEN, SEALED, Disk
from collector.spool.lock import SpoolLockedError, held
from collector.stream.proof import RULES, is_credible
from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import Began, Rates, print_entry, read_entry, read_ledger
from tidemark.archive.names import CoverageName, SegmentName
from tidemark.archive.reasons import Reason
from tidemark.archive.record import LONGEST_LINE, read_record, sent_at
from tidemark.core.hour import Hour
from tidemark.core.timestamps import parse_timestamp

DAWN = datetime(1970, 1, 1, tzinfo=UTC)
_ENOUGH = 4 * 1024 * 1024
_TAIL = 16 * 1024 * 1024
_LINE_START = re.compile(rb'\n\{"received_at":"[^"]+","topic":("(?:[^"\\]|\\.)*"),')
_Name = TypeVar("_Name")


def recover(root: Path, now: datetime) -> bool:
    """Repair and seal what dead processes left in a spool, unless a collector is at work in it.

    Returns whether one is. `now` must have been read before the call.
    """
    try:
        with held(root):
            disk = Disk(root)
            disk.prepare()
            repair(disk, now)
    except SpoolLockedError:
        return True
    return False


def repair(disk: Disk, now: datetime, grace: timedelta = timedelta()) -> None:
    """Seal every open segment, and every open ledger but that of an hour that still runs or ended within the `grace`.

    The caller holds the spool's lock. A ledger that is not the newest is of an hour that is over, whatever clocks say.
    """
    newest = max(open_ledgers(disk), default=None)
    for name in disk.names(OPEN):
        path = f"{OPEN}/{name}"
        if segment := _parsed(SegmentName.parse, name):
            truncate_torn_tail(disk, segment)
        elif ledger := _parsed(CoverageName.parse, name):
            readable = _readable(disk.read(path))
            if not readable:  # an empty ledger would mean that no topic was expected; the one before is continued
                disk.remove(path)
                continue
            disk.put_at(path, readable, b"")
            if ledger.hour.end + grace <= now or (ledger.hour.end > now and ledger != newest):
                disk.move(path, SEALED)
    _explain_first_hour(disk, now)


def _explain_first_hour(disk: Disk, now: datetime) -> None:
    """Write the ledger that a spool's first hour lacks: its segments are there, and what they cover is not known.

    An hour that others come before needs none: what was expected then still is.
    """
    summed_up = {name.removesuffix(".json") for folder in ("uploaded", "packed") for name in disk.names(folder)}
    ledgers = [_parsed(CoverageName.parse, name) for folder in (OPEN, SEALED) for name in disk.names(folder)]
    found = [name for name in (_parsed(SegmentName.parse, name) for name in disk.names(SEALED)) if name]
    first = min((name.hour for name in found), default=None)
    if first is None or first.compact in summed_up or any(ledger.hour <= first for ledger in ledgers if ledger):
        return
    topics: set[str] = set()
    for name in found:
        if name.hour == first:
            with disk.view(f"{SEALED}/{name}") as content:
                lines = content[: content.find(b"\n", min(len(content), _ENOUGH)) + 1 or len(content)].splitlines()
            for line in lines:
                with suppress(ValueError):  # a damaged line: it is uploaded as it is, and the loader quarantines it
                    topics.add(read_record(line).topic or "")
    began = Began(first.start, None, dict.fromkeys(sorted(topics - {""}), Reason.NO_LEDGER))
    folder = SEALED if first.end <= now else OPEN
    disk.put_at(f"{folder}/{CoverageName(first)}", 0, print_entry(began))


def _readable(ledger: bytes) -> int:
    """Return up to where a ledger can be read. What follows a broken line is ignored: that is a gap."""
    end = 0
    while stop := ledger.find(b"\n", end) + 1:
        try:
            read_entry(ledger[end:stop])
        except ValueError:
            break
        end = stop
    return end


def open_ledgers(disk: Disk) -> list[CoverageName]:
    """Return the ledgers that are not sealed yet, the earliest hour first."""
    return sorted(filter(None, (_parsed(CoverageName.parse, name) for name in disk.names(OPEN))))


def seal(disk: Disk, name: SegmentName) -> None:
    """Give a closed segment its final place; one without records is removed."""
    path = f"{OPEN}/{name}"
    if disk.size(path):
        disk.move(path, SEALED)
    else:
        disk.remove(path)


def truncate_torn_tail(disk: Disk, name: SegmentName) -> None:
    """Cut an open segment that no process writes after its last whole line, and seal it."""
    path = f"{OPEN}/{name}"
    with disk.view(path) as content:
        whole = _whole(content)
    disk.put_at(path, whole, b"")
    seal(disk, name)


def _parsed(parse: Callable[[str], _Name], name: str) -> _Name | None:
    try:
        return parse(name)
    except ValueError:
        return None


def _whole(content: bytes | mmap) -> int:
    """Return where the last line that is a record ends."""
    end = content.rfind(b"\n") + 1
    while end:
        start = content.rfind(b"\n", 0, end - 1) + 1
        try:
            read_record(content[start : min(end, start + LONGEST_LINE)])  # a longer line is cut, thus no record
        except ValueError:
            end = start
        else:
            break
    return end


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What a new process takes over.

    `expected` holds the topics that were meant to be covered, each with the reason why it is not; nothing may be
    recorded before `floor`. `rates` says how much each topic usually brings: messages, the seconds in which they came,
    and the longest usual pause; `silences` for how many seconds it had been silent at the end, and since when; `lag` is
    the least lag of messages in seconds. A spool `is_new` where no process has written a ledger yet.
    """

    floor: datetime = DAWN
    expected: dict[str, str] = field(default_factory=dict)
    rates: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    silences: dict[str, tuple[float, datetime]] = field(default_factory=dict)
    lag: float | None = None
    is_new: bool = False


def inheritance(disk: Disk) -> Inheritance:
    """Read from a repaired spool what the processes before left behind.

    Nothing is recorded before the last entry of the newest ledger, nor in an hour that is already sealed.
    """
    floors = [DAWN, *(_floor(path) for path in disk.everywhere())]
    names = ((_parsed(CoverageName.parse, name), folder) for folder in (OPEN, SEALED) for name in disk.names(folder))
    ledgers = [(name, folder) for name, folder in names if name]
    if not ledgers:
        return Inheritance(max(floors), is_new=True)
    newest, folder = max(ledgers)
    ledger = disk.read(f"{folder}/{newest}")
    entries = read_ledger(ledger[: _readable(ledger)])
    expected = coverage_of(entries, newest.hour).expected
    end = max((entry.at for entry in entries), default=DAWN)
    rates = next((entry for entry in reversed(entries) if isinstance(entry, Rates)), Rates(DAWN, {}))
    return Inheritance(max(end, *floors), expected, rates.topics, _silences(disk, rates, end), rates.lag)


def _silences(disk: Disk, rates: Rates, end: datetime) -> dict[str, tuple[float, datetime]]:
    """Return for how many seconds each topic had been silent at the end of a process, and since when."""
    waited = (end - rates.at).total_seconds()
    silences = {topic: (quiet + waited, since) for topic, (quiet, since) in rates.silences.items()}
    for topic, (received, until) in _last_messages(disk, rates.lag).items():
        if received > rates.at:  # what came before is in the rates, with the time in which it was not joined left out
            silences[topic] = max(0.0, (end - received).total_seconds()), until
    return silences


def _last_messages(disk: Disk, lag: float | None) -> dict[str, tuple[datetime, datetime]]:
    """Return when each topic brought its last message, and until when that proves it: up to its sending.

    As far as the end of the newest segment shows it; `lag` is the least that a message has.
    """
    newest = max(filter(None, (_parsed(SegmentName.parse, name) for name in disk.names(SEALED))), default=None)
    if newest is None:
        return {}
    with disk.view(f"{SEALED}/{newest}") as content:
        tail = b"\n" + content[:] if len(content) < _TAIL else content[-_TAIL:]
    found: dict[str, tuple[datetime, datetime]] = {}
    for start in {match[1]: match.start() + 1 for match in _LINE_START.finditer(tail)}.values():
        with suppress(ValueError):  # a line that a broken disk made
            record = read_record(tail[start : tail.index(b"\n", start)])
            received = until = parse_timestamp(record.received_at)
            sent = sent_at(record.message)
            if lag is not None and sent and is_credible((received - sent).total_seconds()):
                until = min(received, sent + timedelta(seconds=lag))
            found[record.topic or ""] = received, until - timedelta(seconds=RULES.margin)
    return found


def _floor(path: str) -> datetime:
    """Return the earliest time that a file leaves free: its hour's end where the hour is sealed or summed up."""
    folder, _, name = path.partition("/")
    if segment := segment_in(name):
        return segment.hour.start
    compact = name.removesuffix(".coverage.jsonl" if folder == SEALED else ".json")
    hour = _parsed(Hour.parse_compact, compact)
    return hour.end if hour else DAWN


def segment_in(name: str) -> SegmentName | None:
    """Return the segment that a file of any stage belongs to: itself, its compressed form or its record."""
    head, found, _ = name.partition(".jsonl")
    return _parsed(SegmentName.parse, head + found)
