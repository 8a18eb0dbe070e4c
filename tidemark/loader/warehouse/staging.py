"""The first half of a load: every record line of the hour is read, and what reports a sale is copied into staging."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import Any, Protocol

from sqlalchemy import Connection, text

from tidemark.archive.event_type import SALE
from tidemark.archive.manifest import Manifest, Segment
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.verified import check_records, unpacked
from tidemark.loader.warehouse.copy import PORTION, Copy, copied
from tidemark.loader.warehouse.kind import Kind
from tidemark.loader.warehouse.packing import Codes, FeeKind
from tidemark.loader.warehouse.process import ReadingProcess
from tidemark.loader.warehouse.rows import (
    KIND_COLUMNS,
    MARKET_COLUMNS,
    MOST_QUARANTINED,
    OBSERVATION_COLUMNS,
    QUARANTINE_COLUMNS,
    Origin,
    Rows,
    kind_row,
    rows_of,
)

_QUARANTINE = "ops.quarantine"
DETACHED = "detached"  # the reason of sales that could be read and are not taken: their month was detached
# what this hour reported before its sale's time was closed stays as it is
_SET_ASIDE = text("""
    WITH closed AS (
        DELETE FROM observation_row
        WHERE observation IN (
            SELECT observation
            FROM sale_observation AS new
            WHERE (
                sold_at < core.sales_closed_before()
                OR EXISTS (
                    SELECT FROM ops.detached_transaction
                    WHERE bucket = hashtextextended(transaction_hash, 0) & 4095
                        AND hashtextextended(transaction_hash, 0) = ANY (hashes)
                )
            ) AND NOT EXISTS (SELECT FROM core.sale_sighting WHERE source_hour = :hour AND sale_uid = new.sale_uid)
        )
        RETURNING file
    )
    SELECT file, count(*) AS lines FROM closed GROUP BY file
""")
_CODES = text("SELECT core.known_words(), core.known_addresses(), uuid_send(salt) FROM core.nft_kind_salt")
# a moment that Python cannot name is before or after every sale
_FEE_KINDS = text("""
    SELECT recipient, chain, CASE WHEN from_at > '0002-01-01' THEN from_at END, kind
    FROM core.fee_recipient
    WHERE from_at < '9999-01-01'
""")
_KINDS = "observed_kind"
_LATER = {_QUARANTINE: QUARANTINE_COLUMNS, _KINDS: KIND_COLUMNS, **MARKET_COLUMNS}
SHOW_EVERY = 250_000
PROCESSES = 3  # one more than two cores, for then the last objects do not leave one of them idle
FAULT = "Nothing was loaded. This is a fault of Tidemark: keep the hour's objects and report it with this message"
WORTH_A_PROCESS = 64 << 20  # bytes of record lines; less are read sooner than a process begins


@dataclass(slots=True)
class File:
    """One object of the hour, and what became of its lines."""

    origin: Origin
    lines: int = 0
    observations: int = 0
    others: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, rows: Rows) -> None:
        """Take some more lines of the object into the counts."""
        self.lines += rows.lines
        self.observations += rows.sales
        self.others.update(rows.others)
        self.refused.update(rows.refused)

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


def codes_of(connection: Connection) -> Codes:
    """Return what a warehouse packs sales by."""
    words, addresses, salt = connection.execute(_CODES).one()
    fee_kinds = tuple(FeeKind(*row) for row in connection.execute(_FEE_KINDS))
    return Codes(tuple(words), tuple(addresses), fee_kinds, bytes(salt))


def files_of(
    hour: Hour, manifests: Iterable[Manifest], codes: Codes, *, orders: bool = False, transfers: bool = False
) -> list[File]:
    """Return the objects of an hour, numbered in order of collector and key: the order of their observations.

    `orders` and `transfers` say whether single ones are to be loaded.
    """
    named = [(manifest.collector, segment) for manifest in manifests for segment in manifest.segments]
    named.sort(key=lambda each: (each[0], each[1].key))
    return [File(Origin(number, hour.start, *name, orders, transfers, codes)) for number, name in enumerate(named, 1)]


def stage(
    connection: Connection,
    files: list[File],
    packed: Callable[[Segment], Iterable[bytes]],
    log: Callable[[str], object],
    worth_a_process: int = WORTH_A_PROCESS,
) -> None:
    """Read all objects of an hour into `files`; copy what they say, and the rejects that are kept, to the server.

    An hour of at least `worth_a_process` bytes of record lines is read by several processes.

    Raises what `packed` raises, and Problem where an object is not what its manifest says or the server took another
    number of rows than it was sent.
    """
    with ExitStack() as spools:
        waiting = {table: spools.enter_context(SpooledTemporaryFile(PORTION)) for table in _LATER}
        with Copy(connection, "observation_row", OBSERVATION_COLUMNS) as observations:
            read_files(Staging(observations.add, waiting, log).read, files, packed, worth_a_process)
        for spool in waiting.values():
            spool.seek(0)
        rows = {table: copied(connection, table, _LATER[table], spool) for table, spool in waiting.items()}
        taken = observations.rows, rows[_QUARANTINE]
    sent = (
        sum(file.observations for file in files),
        sum(reject["quarantined"] for file in files for reject in file.rejects),
    )
    if taken != sent:
        raise Problem(f"the warehouse took {taken} sales and quarantined lines of {sent}", FAULT)


def set_aside(connection: Connection, hour: Hour, files: list[File], log: Callable[[str], object]) -> None:
    """Take the sales of detached months out of what was staged, and count them as refused."""
    if not connection.scalar(text("SELECT EXISTS (SELECT FROM core.detached_month)")):
        return
    by_number = {file.origin.number: file for file in files}
    for number, lines in connection.execute(_SET_ASIDE, {"hour": hour.start}):
        by_number[number].observations -= lines
        by_number[number].refused[SALE, DETACHED] += lines
        log(f"  {by_number[number].origin.segment.key}: {lines:,} sales of detached months are not taken")


class Spool(Protocol):
    """Where rows wait."""

    def write(self, rows: bytes, /) -> object:
        """Take whole rows."""


@dataclass(slots=True)
class Staging:
    """Takes what an hour's files say; several threads may read files into it.

    The connection copies `observations` at once; what `waiting` has, by table, it copies after them.
    """

    observations: Callable[[bytes], object]
    waiting: Mapping[str, Spool]
    log: Callable[[str], object]
    turn: Lock = field(default_factory=Lock)
    kinds: dict[int, Kind] = field(default_factory=dict)

    def read(self, file: File, found: Iterable[Rows]) -> None:
        """Read one object to its end. Raises what `found` raises, and Problem where lines are missing."""
        segment = file.origin.segment
        for rows in found:
            with self.turn:
                self.observations(rows.observations)
                self.waiting[_QUARANTINE].write(rows.quarantine)
                self.keep(rows.kinds)
                for table, printed in rows.market.items():
                    self.waiting[table].write(printed)
            file.count(rows)
            if file.lines // SHOW_EVERY > (file.lines - rows.lines) // SHOW_EVERY:
                self.log(f"  {_short(segment.key)}: {file.lines:,} of {segment.records:,} lines")
        check_records(file.lines, segment)
        self.log(
            f"  {_short(segment.key)}: {file.lines:,} lines, {file.observations:,} sales, "
            f"{file.refused.total():,} quarantined"
        )

    def keep(self, kinds: Mapping[int, Kind]) -> None:
        """Take each kind once, however many objects have it. Raises Problem where two have one key."""
        for key, kind in kinds.items():
            if key not in self.kinds:
                self.kinds[key] = kind
                self.waiting[_KINDS].write(kind_row(key, kind))
            elif self.kinds[key] != kind:
                raise Problem(f"{kind} and {self.kinds[key]} have the same key, {key}", FAULT)


def _short(key: str) -> str:
    """Return the collector and the name of an object, for a line that a person reads."""
    collector, _, name = key.rpartition("collector=")[2].partition("/")
    return f"{collector} {name.partition('.jsonl')[0]}"


def read_files(
    take: Callable[[File, Iterable[Rows]], None],
    files: list[File],
    packed: Callable[[Segment], Iterable[bytes]],
    worth_a_process: int,
) -> None:
    """Read all objects of an hour, those of a large one by several processes. Raises what the first to fail raises."""
    processes = min(PROCESSES, len(files))
    small = sum(file.origin.segment.bytes for file in files) < worth_a_process
    if processes <= 1 or os.cpu_count() == 1 or small:
        for file in files:
            origin = file.origin
            take(file, rows_of(origin, unpacked(packed(origin.segment), origin.segment)))
        return
    idle: SimpleQueue[ReadingProcess] = SimpleQueue()

    def read(file: File) -> None:
        process = idle.get()
        try:
            take(file, process.rows(file.origin, packed(file.origin.segment)))
        finally:
            idle.put(process)

    with ExitStack() as begun, ThreadPoolExecutor(processes) as threads:
        for _ in range(processes):
            idle.put(begun.enter_context(ReadingProcess()))
        for _ in threads.map(read, files):
            pass


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
