"""An object's record lines, as they are unpacked → rows for COPY, with the counts that the books need. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from tidemark.archive.manifest import Segment
from tidemark.loader.transform.identity import sale_uid
from tidemark.loader.transform.sale import Source
from tidemark.loader.transform.segment import Block, read_segment
from tidemark.loader.warehouse.copy_csv import observation_row, quarantine_row

KEPT = 100  # a change in the shape of a frequent event would otherwise copy the archive into the quarantine
_LINES = 1 << 32  # more than an object can have


class Origin(msgspec.Struct, frozen=True):
    """An object of an hour; `number` counts from 1 within the load, in order of collector and key."""

    number: int
    hour: datetime
    collector: str
    segment: Segment


class Rows(msgspec.Struct, frozen=True, tag=True):
    """What some successive lines of an object are.

    `observations` is CSV, a row for each of `sales`. `refused` counts every line that cannot be trusted, by event type
    and reason; `quarantine` is CSV of those that are kept.
    """

    lines: int
    sales: int
    observations: bytes
    others: dict[str, int]
    refused: dict[tuple[str, str], int]
    quarantine: bytes


def rows_of(origin: Origin, chunks: Iterable[bytes]) -> Iterator[Rows]:
    """Read an object to its end; of the lines refused, the first 100 of each event type and reason are kept whole.

    Equal sales of one answer of the Events API are numbered: a list has each event once, so they are as many sales.
    The stream may send a message twice; there they are one. Raises what `chunks` raises.
    """
    seen: Counter[tuple[str, str]] = Counter()
    listed: Counter[tuple[UUID, datetime | None]] = Counter()
    for block in read_segment(chunks):
        observations = []
        for line, sale in block.sales:
            if sale.source is Source.EVENTS_API:
                listed[answer := (sale_uid(sale), sale.sent_at)] += 1
                fill = listed[answer]
            else:
                fill = 1
            place = origin.number * _LINES + line
            observations.append(observation_row(place, origin.number, origin.collector, sale, fill))
        refused = Counter((reject.event_type, reject.reason.value) for _, _, reject in block.rejects)
        kept = b"".join(_kept(origin, block, seen))
        yield Rows(block.lines, len(observations), b"".join(observations), dict(block.others), dict(refused), kept)


def _kept(origin: Origin, block: Block, seen: Counter[tuple[str, str]]) -> Iterator[bytes]:
    for line, raw, reject in block.rejects:
        kind = reject.event_type, reject.reason.value
        seen[kind] += 1
        if seen[kind] <= KEPT:
            yield quarantine_row((origin.hour, origin.segment.key, line, origin.collector), raw, reject)
