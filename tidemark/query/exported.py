"""The tables that are exported: facts and marts by the month of a time column, with one fixed schema each."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import cast

import pyarrow as pa
from sqlalchemy import Connection, text

from tidemark.query.answer import Answer, Kind
from tidemark.query.parquet import arrow_of, unheld

_VERSION = 1  # of the schemas; another one exports every month again
_BATCH = 20_000
_EXACT = dict.fromkeys(
    ("price", "unit_price", "marketplace_fee", "royalty", "other_fee", "quantity", "items"), Kind.EXACT
)


@dataclass(frozen=True, slots=True)
class Exported:
    """A table or view of the warehouse, the column whose month (UTC) partitions it, and those that order its rows."""

    name: str
    source: str
    by: str
    order: str
    kinds: Mapping[str, Kind] = field(default_factory=lambda: _EXACT)


TABLES = (
    Exported("sales", "mart.sales", "sold_at", "sold_at, sale_uid"),
    Exported("sale_fees", "mart.sale_fees", "sold_at", "sold_at, sale_uid, recipient, amount_raw",
             {"amount_raw": Kind.EXACT, "amount": Kind.EXACT}),
    Exported("collection_hourly", "mart.collection_hourly", "hour", "hour, chain, collection_slug"),
    Exported("collection_daily", "mart.collection_daily", "day", "day, chain, collection_slug"),
    Exported("wallet_daily", "mart.wallet_daily", "day", "day, chain, wallet"),
    Exported("hour_quality", "mart.hour_quality", "hour", "hour"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a table as it is now: `2026-11`, and a fingerprint of every value of its rows."""

    month: str
    fingerprint: str


def months(connection: Connection, table: Exported) -> list[Month]:
    """Return the months that have rows, with what identifies their content.

    Equal content has an equal fingerprint, whatever was loaded since; any changed value of a row makes another.
    """
    connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))
    rows = connection.execute(text(
        f"SELECT to_char({table.by}, 'YYYY-MM') AS month, count(*),"  # noqa: S608 - names of our own
        f" sum(hashtextextended(one::text, 0)::numeric), sum(hashtextextended(one::text, 1)::numeric)"
        f" FROM {table.source} AS one GROUP BY month ORDER BY month"
    ))  # fmt: skip
    return [
        Month(month, sha256(f"{_VERSION} {count} {one} {other}".encode()).hexdigest()[:16])
        for month, count, one, other in rows
    ]


def rows_of(connection: Connection, table: Exported, month: str, log: Callable[[str], None]) -> Iterator[pa.Table]:
    """Yield a month's rows in order, some thousands at a time.

    A value that its column cannot hold is NULL, for one sale with wrong decimals must not hold back the others; how
    many there are is logged after the last row.
    """
    zone = "" if table.by == "day" else " AT TIME ZONE 'UTC'"
    start, end = (f"(CAST(:start AS timestamp){more}){zone}" for more in ("", " + interval '1 month'"))
    statement = text(
        f"SELECT * FROM {table.source} WHERE {table.by} >= {start} AND {table.by} < {end} ORDER BY {table.order}"  # noqa: S608
    )
    result = connection.execute(
        statement.execution_options(stream_results=True, yield_per=_BATCH), {"start": f"{month}-01"}
    )
    types = cast("tuple[int, ...]", tuple(kind for _, kind, *_ in result.cursor.description))
    lost = Counter[str]()
    for part in result.partitions():
        answer = Answer(tuple(result.keys()), [tuple(row) for row in part], types, kinds=table.kinds)
        lost.update(unheld(answer))
        yield arrow_of(answer)
    if lost:
        counts = ", ".join(f"{name} {count:,}" for name, count in lost.items())
        log(f"{table.name}: {month} has NULL for values too large for a column: {counts}")
