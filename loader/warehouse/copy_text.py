"""Sights of sales and quarantined lines as the text that COPY reads: one line per row, tabs between the columns.

Pure. https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from datetime import datetime
from hashlib import blake2b
from operator import itemgetter
from typing import Any

import msgspec

from loader.transform.outcome import Reject
from loader.transform.sale import Fee, Sale

NULL = r"\N"
LONGEST_RAW = 16 * 1024
# who told it and when is not what it tells
_CIRCUMSTANCES = ("sale_uid", "sent_at", "received_at", "is_replayed", "source")
_ESCAPED = b"\\\t\n\r\0"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": "\ufffd"})


def escaped(value: str) -> str:
    """Return a text as COPY reads it back; NUL, which PostgreSQL cannot keep, becomes U+FFFD."""
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)


def _fees(fees: tuple[Fee, ...]) -> str:
    listed = [
        {"kind": fee.kind, "recipient": fee.recipient.replace("\0", "\ufffd"), "amount_raw": str(fee.amount_raw)}
        for fee in fees
    ]
    return msgspec.json.encode(listed).decode()


_FEES = Sale.__struct_fields__.index("fees")
_told = itemgetter(*(place for place, name in enumerate(Sale.__struct_fields__) if name not in _CIRCUMSTANCES))
SIGHT_COLUMNS = ("sight", "file", "collector", "content", *Sale.__struct_fields__)
QUARANTINE_COLUMNS = ("source_hour", "key", "line", "collector", "reason", "raw", "raw_bytes")


def sight_row(sight: int, file: int, collector: str, sale: Sale) -> str:
    """Print a sight of a sale with the columns of `SIGHT_COLUMNS`.

    `content` is a hash of what the sight tells, the same for the same text everywhere.
    """
    values = list(msgspec.to_builtins(sale).values())
    if sale.fees is not None:
        values[_FEES] = _fees(sale.fees)
    columns = _columns(values)
    told = "\t".join(_told(columns))
    content = int.from_bytes(blake2b(told.encode(errors="replace"), digest_size=8).digest(), signed=True)
    return f"{sight}\t{file}\t{collector}\t{content}\t" + "\t".join(columns) + "\n"


def _columns(values: list[Any]) -> list[str]:
    """Print values; only where one of them needs it is each text escaped."""
    columns = [value if type(value) is str else NULL if value is None else str(value) for value in values]
    row = "".join(columns).encode(errors="replace")
    if len(row) - len(row.translate(None, _ESCAPED)) == values.count(None):  # the backslashes of NULL, and no more
        return columns
    return [escaped(value) if type(value) is str else column for value, column in zip(values, columns, strict=True)]


def quarantine_row(place: tuple[datetime, str, int, str], line: bytes, reject: Reject) -> str:
    """Print a quarantined line with the columns of `QUARANTINE_COLUMNS`; of a long one, its first 16 KiB.

    `place` is the hour, the object's key, the line's number in it, and the collector.
    """
    hour, key, number, collector = place
    shown = escaped(line[:LONGEST_RAW].decode(errors="replace"))
    reason = escaped(f"{reject.reason}: {reject.detail}")
    return f"{hour.isoformat()}\t{key}\t{number}\t{collector}\t{reason}\t{shown}\t{len(line)}\n"
