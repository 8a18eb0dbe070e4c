r"""Sights of sales and quarantined lines as the CSV that COPY reads with `FORMAT`. Pure.

A row is an array of JSON without its brackets. CSV reads that as it stands, but for one thing: of JSON's escapes it
knows `\"` and `\\`, so whatever else is escaped, which are control characters, is put in plainly.
https://www.postgresql.org/docs/current/sql-copy.html, "CSV Format".
"""

import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from operator import itemgetter
from typing import Any

import msgspec
from msgspec.structs import astuple

from tidemark.loader.transform.identity import sale_uid
from tidemark.loader.transform.order import Fee
from tidemark.loader.transform.outcome import Reject
from tidemark.loader.transform.sale import Sale

FORMAT = r"FORMAT csv, NULL 'null', ESCAPE '\'"
LONGEST_RAW = 16 * 1024
# who reported it and when is not what it tells
_CIRCUMSTANCES = ("sent_at", "received_at", "is_replayed", "source")
_REPORTED = tuple(name for name in Sale.__struct_fields__ if name not in _CIRCUMSTANCES)
_FEES = _REPORTED.index("fees")
OBSERVATION_COLUMNS = (
    "observation",
    "file",
    "collector",
    "payload_hash",
    "sale_uid",
    "fill",
    *_CIRCUMSTANCES,
    *_REPORTED,
)
QUARANTINE_COLUMNS = ("source_hour", "key", "line", "collector", "reason", "raw", "raw_bytes")

_UNKNOWN_TO_CSV = re.compile(rb'\\[^"\\]')
_ESCAPE = re.compile(rb"\\(?:u[0-9a-f]{4}|.)")
_encode = msgspec.json.Encoder(decimal_format="number").encode
_circumstances = itemgetter(*map(Sale.__struct_fields__.index, _CIRCUMSTANCES))
_reported = itemgetter(*map(Sale.__struct_fields__.index, _REPORTED))


def observation_row(observation: int, file: int, collector: str, sale: Sale, fill: int = 1) -> bytes:
    """Print a observation of a sale with the columns of `OBSERVATION_COLUMNS`.

    `payload_hash` is a hash of what the observation reports, the same for the same text everywhere.
    """
    values = astuple(sale)
    reported = list(_reported(values))
    if sale.fees is not None:
        reported[_FEES] = _fees(sale.fees)
    row = _fields(reported)
    payload_hash = int.from_bytes(blake2b(row, digest_size=8).digest(), signed=True)
    head = [observation, file, collector, payload_hash, sale_uid(sale, fill), fill, *_circumstances(values)]
    return b"%b,%b\n" % (_fields(head), row)


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
    """Return what an escape stands for, unless CSV knows it; NUL, which PostgreSQL cannot keep, becomes U+FFFD."""
    if escape[0] in {rb"\"", rb"\\"}:
        return escape[0]
    character = msgspec.json.decode(b'"%b"' % escape[0], type=str)
    return character.replace("\0", "\ufffd").encode()


def _fees(fees: tuple[Fee, ...]) -> str:
    listed = [{"recipient": fee.recipient.replace("\0", "\ufffd"), "amount_raw": str(fee.amount_raw)} for fee in fees]
    return _encode(listed).decode()
