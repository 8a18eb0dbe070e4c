"""The first half of a load: every record line of the hour is read, and what tells of a sale is copied into staging."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import Connection

from archive.event_type import SALE
from archive.hour import Hour
from archive.manifest import Manifest, Segment
from archive.problem import Problem
from loader.transform.segment import Block, read_segment
from loader.warehouse.copy import Copy
from loader.warehouse.copy_text import QUARANTINE_COLUMNS, SIGHT_COLUMNS, quarantine_row, sight_row

SHOW_EVERY = 250_000


@dataclass(slots=True)
class File:
    """One object of the hour, and what became of its lines. `number` counts from 1 within the load."""

    number: int
    collector: str
    segment: Segment
    lines: int = 0
    sights: int = 0
    quarantined: int = 0
    other: int = 0
    event_types: Counter[str] = field(default_factory=Counter)

    def count(self, block: Block) -> None:
        """Take a block into the counts by event type, which the manifest has too."""
        self.lines += block.lines
        self.other += block.others.total()
        self.event_types.update(block.others)
        self.event_types.update(reject.event_type for _, _, reject in block.rejects)
        self.event_types[SALE] += len(block.sales)

    @property
    def account(self) -> dict[str, str | int]:
        """What the books are told: the lines that the manifest promises, and what was found."""
        return {
            "file": self.number,
            "key": self.segment.key,
            "collector": self.collector,
            "sha256": self.segment.sha256,
            "bytes": self.segment.bytes,
            "lines": self.segment.records,
            "sights": self.sights,
            "other": self.other,
            "quarantined": self.quarantined,
        }


def files_of(manifests: Iterable[Manifest]) -> list[File]:
    """Return the objects of an hour, numbered in order of collector and key: the order of their sights."""
    named = [(manifest.collector, segment) for manifest in manifests for segment in manifest.segments]
    named.sort(key=lambda each: (each[0], each[1].key))
    return [File(number, collector, segment) for number, (collector, segment) in enumerate(named, 1)]


class Staging:
    """Copies the sights and the rejects of an hour's files to the server."""

    def __init__(
        self, connection: Connection, hour: Hour, sender: ThreadPoolExecutor, say: Callable[[str], object]
    ) -> None:
        self._sights = Copy(connection, "sale_sight", SIGHT_COLUMNS, sender)
        self._rejects = Copy(connection, "ops.quarantine", QUARANTINE_COLUMNS, sender)
        self._hour = hour
        self._say = say
        self._sight = 0

    def read(self, file: File, chunks: Iterable[bytes]) -> None:
        """Read one object to its end and count what the server took of it. Raises what `chunks` raises."""
        sights, rejects = self._sights.rows, self._rejects.rows
        for block in read_segment(chunks):
            self._stage(file, block)
            if file.lines // SHOW_EVERY > (file.lines - block.lines) // SHOW_EVERY:
                self._say(f"  {file.segment.key}: {file.lines:,} of {file.segment.records:,} lines")
        self._sights.flush()
        self._rejects.flush()
        file.sights, file.quarantined = self._sights.rows - sights, self._rejects.rows - rejects
        self._say(
            f"  {file.segment.key}: {file.lines:,} lines, {file.sights:,} sales, {file.quarantined:,} quarantined"
        )

    def _stage(self, file: File, block: Block) -> None:
        file.count(block)
        for _, sale in block.sales:
            self._sight += 1
            self._sights.add(sight_row(self._sight, file.number, file.collector, sale))
        for line, raw, reject in block.rejects:
            place = (self._hour.start, file.segment.key, line, file.collector)
            self._rejects.add(quarantine_row(place, raw, reject))


def check_counts(manifest: Manifest, files: Iterable[File]) -> None:
    """Raise Problem unless as many sales were found as the collector counted."""
    found = sum(file.event_types[SALE] for file in files if file.collector == manifest.collector)
    if found != manifest.sales:
        raise Problem(
            f"{manifest.collector} counted {manifest.sales} {SALE} messages in {manifest.hour}, the loader {found}",
            "Nothing was loaded. Collector and loader disagree on what a message is: run the same version of both",
        )
