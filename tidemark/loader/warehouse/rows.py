r"""An object's record lines, as they are unpacked → rows for COPY, with their counts. Pure.

A row is an array of JSON without its brackets. COPY's CSV (`FORMAT`) reads that as it is, with one exception: of JSON's
escapes it knows `\"` and `\\`, so the others, which are control characters, are replaced by their characters.
https://www.postgresql.org/docs/current/sql-copy.html, "CSV Format".
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from tidemark.archive.manifest import Segment
from tidemark.loader.transform.identity import sale_key
from tidemark.loader.transform.market import Market, Part
from tidemark.loader.transform.market_event import Booked, Revision, Transfer
from tidemark.loader.transform.outcome import Reject
from tidemark.loader.transform.sale import Sale, Source
from tidemark.loader.transform.segment import read_segment
from tidemark.loader.warehouse.kind import Kind, Kinds, kind_of
from tidemark.loader.warehouse.packing import CIRCUMSTANCES, FEE_TOTALS, REPORTED, Codes, packed

MOST_QUARANTINED = 100  # a change in the shape of a frequent event would otherwise copy the archive into the quarantine
_LINES = 1 << 32  # more than an object can have
_EVENTS_API = Source.EVENTS_API  # looked up once, as in `order`
FORMAT = r"FORMAT csv, NULL 'null', ESCAPE '\'"
LONGEST_RAW = 16 * 1024
OBSERVATION_COLUMNS = (
    "observation",
    "file",
    "first_collector",
    "payload_hash",
    "sale_uid",
    "fill",
    "nft_kind",
    *CIRCUMSTANCES,
    *FEE_TOTALS,
    *REPORTED,
)
KIND_COLUMNS = ("nft_kind", *Kind._fields)
MARKET_COLUMNS = {
    "market_part": ("collector", *Part._fields),
    "order_observation": ("collector", *Booked._fields),
    "revision_observation": ("collector", *Revision._fields),
    "transfer_observation": ("collector", *Transfer._fields),
}
QUARANTINE_COLUMNS = ("source_hour", "key", "line", "collector", "reason", "raw", "raw_bytes")

_UNKNOWN_TO_CSV = re.compile(rb"\\[ubfnrt]")  # and sometimes a backslash before such a letter, which does no harm
_ESCAPE = re.compile(rb"\\(?:u[0-9a-f]{4}|.)")
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Origin(msgspec.Struct, frozen=True):
    """An object of an hour; `number` counts from 1 within the load, in order of collector and key.

    `orders` and `transfers` say whether single ones are wanted, beside the counts; `codes` is what sales are packed by.
    Wanted are the lines that begin at the bytes [start, end) of the unpacked object; None is its end.
    """

    number: int
    hour: datetime
    collector: str
    segment: Segment
    orders: bool = False
    transfers: bool = False
    codes: Codes = Codes()
    start: int = 0
    end: int | None = None


class Kept(msgspec.Struct, frozen=True):
    """A refused line that may be kept: `row` is CSV."""

    line: int
    event_type: str
    reason: str
    row: bytes


class Rows(msgspec.Struct, frozen=True, tag=True):
    """What some successive lines of an object are.

    `observations` is CSV, a row for each of `sales`. `refused` counts every line that cannot be trusted, by event type
    and reason; `quarantine` has the first of them. `kinds` are those of the sales, by their keys, that earlier
    rows of the object did not have. `market` has CSV for each table of `MARKET_COLUMNS` by name; the counts in it may
    come later than their lines.
    """

    lines: int
    sales: int
    observations: bytes
    others: dict[str, int]
    refused: dict[tuple[str, str], int]
    quarantine: list[Kept]
    kinds: dict[int, Kind] = msgspec.field(default_factory=dict)
    market: dict[str, bytes] = msgspec.field(default_factory=dict)


def rows_of(origin: Origin, chunks: Iterable[bytes], most: int = MOST_QUARANTINED) -> Iterator[Rows]:
    """Read the wanted lines of an object; of those refused, the first `most` of each event type and reason are kept.

    Equal sales of one answer of the Events API are numbered: a list has each event once, so they are as many sales.
    The stream may send a message twice; there they are one. An answer must not be cut in two. Raises what `chunks`
    raises.
    """
    seen: Counter[tuple[str, str]] = Counter()
    listed: Counter[tuple[str, datetime | None]] = Counter()
    market = Market(origin.hour, orders=origin.orders, transfers=origin.transfers)
    kinds = Kinds(origin.codes.salt)
    for block in read_segment(chunks, market, start=origin.start):
        observations = []
        for line, sale in block.sales:
            if sale.source is _EVENTS_API:
                listed[answer := (sale_key(sale), sale.sent_at)] += 1
                fill = listed[answer]
            else:
                fill = 1
            place = origin.number * _LINES + line
            head = place, origin.number, origin.collector
            observations.append(observation_row(head, sale, origin.codes, kinds, fill=fill))
        refused: Counter[tuple[str, str]] = Counter()
        kept = []
        for line, raw, reject in block.rejects:
            refused[kind := (reject.event_type, reject.reason.value)] += 1
            if seen[kind] + refused[kind] <= most:
                row = quarantine_row((origin.hour, origin.segment.key, line, origin.collector), raw, reject)
                kept.append(Kept(line, *kind, row))
        seen += refused
        counted = _market_rows(origin, market, all_of_it=market.is_large)
        yield Rows(
            block.lines,
            len(observations),
            b"".join(observations),
            dict(block.others),
            dict(refused),
            kept,
            kinds.taken(),
            counted,
        )
    yield Rows(0, 0, b"", {}, {}, [], market=_market_rows(origin, market, all_of_it=True))


def _market_rows(origin: Origin, market: Market, *, all_of_it: bool) -> dict[str, bytes]:
    found: dict[str, list[Any]] = {
        "market_part": list(market.parts()) if all_of_it else [],
        "order_observation": market.orders,
        "revision_observation": market.revisions,
        "transfer_observation": market.transfers,
    }
    printed = {
        table: b"".join([_fields([origin.collector, *row]) + b"\n" for row in rows])
        for table, rows in found.items()
        if rows
    }
    for rows in found.values():
        rows.clear()
    return printed


def observation_row(place: tuple[int, int, str], sale: Sale, codes: Codes, kinds: Kinds, *, fill: int = 1) -> bytes:
    """Print an observation of a sale with the columns of `OBSERVATION_COLUMNS`.

    `place` is the observation's number, the file's and the collector; `kinds` keeps the kind of its NFT. `payload_hash`
    is a hash of what the observation reports, the same for the same values and codes everywhere: the kind's key is not.
    """
    observation, file, collector = place
    kind = kind_of(sale, codes.known_addresses)
    key, told = kinds.known(kind)
    circumstances, reported, fee_totals = packed(sale, codes, kind)
    row = _fields(reported)
    payload_hash = int.from_bytes(blake2b(row + told, digest_size=8).digest(), signed=True)
    number = None if fill == 1 else fill
    head = [observation, file, codes.word[collector], payload_hash, sale_key(sale, fill), number, key]
    return b"%b,%b\n" % (_fields([*head, *circumstances, *fee_totals]), row)


def kind_row(key: int, kind: Kind) -> bytes:
    """Print a kind of NFT with the columns of `KIND_COLUMNS`."""
    return _fields([key, *kind]) + b"\n"


def quarantine_row(place: tuple[datetime, str, int, str], line: bytes, reject: Reject) -> bytes:
    """Print a quarantined line with the columns of `QUARANTINE_COLUMNS`; of a long one, its first 16 KiB.

    `place` is the hour, the object's key, the line's number in it, and the collector.
    """
    shown = line[:LONGEST_RAW].decode(errors="replace")
    return _fields([*place, f"{reject.reason}: {reject.detail}", shown, len(line)]) + b"\n"


def _fields(values: Sequence[Any]) -> bytes:
    fields = _encode(values)[1:-1]
    return _ESCAPE.sub(_plain, fields) if _UNKNOWN_TO_CSV.search(fields) else fields


def _plain(escape: re.Match[bytes]) -> bytes:
    """Return the character of an escape, unless CSV knows it; NUL, which PostgreSQL cannot keep, becomes U+FFFD."""
    if escape[0] in {rb"\"", rb"\\"}:
        return escape[0]
    character = msgspec.json.decode(b'"%b"' % escape[0], type=str)
    return character.replace("\0", "\ufffd").encode()
