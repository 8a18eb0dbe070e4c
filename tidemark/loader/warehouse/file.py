"""The objects of an hour, and what became of their lines."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Lock
from typing import Any

from tidemark.archive.event_type import SALE
from tidemark.archive.manifest import Manifest
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.verified import check_records
from tidemark.loader.warehouse.packing import Codes
from tidemark.loader.warehouse.rows import MOST_QUARANTINED, Kept, Origin, Rows

DETACHED = "detached"  # the reason of sales that could be read and are not taken: their month was detached


@dataclass(slots=True)
class File:
    """One object of the hour, and what became of its lines. Several threads may read parts of it."""

    origin: Origin
    parts: int = 1  # that were not read to their end yet
    lines: int = 0
    observations: int = 0
    others: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: list[Kept] = field(default_factory=list)
    turn: Lock = field(default_factory=Lock)

    def count(self, rows: Rows) -> None:
        """Take some more lines of the object into the counts."""
        with self.turn:
            self.lines += rows.lines
            self.observations += rows.sales
            self.others.update(rows.others)
            self.refused.update(rows.refused)
            self.kept += rows.quarantine

    def end_part(self) -> bool:
        """Note that a part was read to its end, and tell whether it was the last. Raises Problem where lines lack."""
        with self.turn:
            self.parts -= 1
            is_last = self.parts == 0
        if is_last:
            check_records(self.lines, self.origin.segment)
        return is_last

    @property
    def quarantine(self) -> Iterator[bytes]:
        """The rows of the first lines that were refused, so many of each event type and reason."""
        seen: Counter[tuple[str, str]] = Counter()
        for kept in sorted(self.kept, key=attrgetter("line")):
            seen[kind := (kept.event_type, kept.reason)] += 1
            if seen[kind] <= MOST_QUARANTINED:
                yield kept.row

    @property
    def sales(self) -> int:
        """Lines that the manifest counts as sales, whether they could be read or not."""
        return self.observations + sum(count for (event_type, _), count in self.refused.items() if event_type == SALE)

    @property
    def rejects(self) -> list[dict[str, Any]]:
        """How many lines were refused, by event type and reason, and how many of them are kept."""
        return [
            {
                "event_type": event_type,
                "reason": reason,
                "lines": count,
                "quarantined": 0 if reason == DETACHED else min(count, MOST_QUARANTINED),
            }
            for (event_type, reason), count in sorted(self.refused.items())
        ]

    @property
    def account(self) -> dict[str, Any]:
        """The row of `ops.load_file`: the lines that the manifest promises, and what was found."""
        segment = self.origin.segment
        return {
            "file": self.origin.number,
            "key": segment.key,
            "collector": self.origin.collector,
            "sha256": segment.sha256,
            "bytes": segment.bytes,
            "lines": segment.records,
            "other": self.others.total(),
            "quarantined": self.refused.total(),
            "rejects": self.rejects,
        }


def files_of(
    hour: Hour, manifests: Iterable[Manifest], codes: Codes, *, orders: bool = False, transfers: bool = False
) -> list[File]:
    """Return the objects of an hour, numbered in order of collector and key: the order of their observations.

    `orders` and `transfers` say whether single ones are to be loaded.
    """
    named = [(manifest.collector, segment) for manifest in manifests for segment in manifest.segments]
    named.sort(key=lambda each: (each[0], each[1].key))
    return [File(Origin(number, hour.start, *name, orders, transfers, codes)) for number, name in enumerate(named, 1)]


def event_counts(manifest: Manifest, files: Iterable[File]) -> list[dict[str, Any]]:
    """Return, for each event type of a manifest, how many messages it counts and how many were loaded and rejected.

    Raises Problem unless they are as many. Messages that count as sales in the manifest are sales or rejects.
    """
    own = [file for file in files if file.origin.collector == manifest.collector]
    loaded = sum((file.others for file in own), Counter({SALE: sum(file.observations for file in own)}))
    rejected: Counter[str] = Counter()
    for file in own:
        for (event_type, _), count in file.refused.items():
            rejected[event_type] += count
    for event_type in (SALE, *sorted({*manifest.event_types, *loaded, *rejected} - {SALE})):
        counted, found = manifest.event_types.get(event_type, 0), loaded[event_type] + rejected[event_type]
        if found != counted:
            raise Problem(
                f"{manifest.collector} counted {counted} {event_type} messages in {manifest.hour}, the loader {found}",
                "Nothing was loaded. Collector and loader disagree on what a message is: run the same version of both",
            )
    return [
        {
            "collector": manifest.collector,
            "event_type": event_type,
            "messages": count,
            "loaded": loaded[event_type],
            "rejected": rejected[event_type],
        }
        for event_type, count in sorted(manifest.event_types.items())
    ]
