"""The first half of a load: every record line of the hour is read, and what reports a sale is copied into staging."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import Protocol

from sqlalchemy import Connection, text

from tidemark.archive.event_type import SALE
from tidemark.archive.manifest import Segment
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.warehouse.copy import PORTION, Copy, copied
from tidemark.loader.warehouse.file import DETACHED, File
from tidemark.loader.warehouse.kind import Kind
from tidemark.loader.warehouse.packing import Codes, FeeKind
from tidemark.loader.warehouse.reading import WORTH_A_PROCESS, read_files
from tidemark.loader.warehouse.rows import (
    KIND_COLUMNS,
    MARKET_COLUMNS,
    OBSERVATION_COLUMNS,
    QUARANTINE_COLUMNS,
    Rows,
    kind_row,
)

_QUARANTINE = "ops.quarantine"
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
FAULT = "Nothing was loaded. This is a fault of Tidemark: keep the hour's objects and report it with this message"


def codes_of(connection: Connection) -> Codes:
    """Return what a warehouse packs sales by. Raises Problem where it was restored without it."""
    if (found := connection.execute(_CODES).one_or_none()) is None:
        raise Problem(
            "core.nft_kind_salt is empty, and the keys of core.nft_kind cannot be made without it: the warehouse was "
            "restored without its data",
            "Restore the data as well. Where the warehouse has no sales: INSERT INTO core.nft_kind_salt VALUES "
            "(gen_random_uuid())",
        )
    words, addresses, salt = found
    fee_kinds = tuple(FeeKind(*row) for row in connection.execute(_FEE_KINDS))
    return Codes(tuple(words), tuple(addresses), fee_kinds, bytes(salt))


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
        """Read an object or a part of it. Raises what `found` raises, and Problem where lines are missing."""
        segment = file.origin.segment
        for rows in found:
            with self.turn:
                self.observations(rows.observations)
                self.keep(rows.kinds)
                for table, printed in rows.market.items():
                    self.waiting[table].write(printed)
            file.count(rows)
            if file.lines // SHOW_EVERY > (file.lines - rows.lines) // SHOW_EVERY:
                self.log(f"  {_short(segment.key)}: {file.lines:,} of {segment.records:,} lines")
        if not file.end_part():
            return
        with self.turn:
            self.waiting[_QUARANTINE].write(b"".join(file.quarantine))
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
