"""From the warehouse to a lake: each table is read in one snapshot, and what changed of it is written."""

from collections.abc import Callable, Sequence

from pydantic import SecretStr
from sqlalchemy import text

from tidemark.core.errors import Problem
from tidemark.query.exported import Exported, months, rows_of
from tidemark.query.lake import Lake, sort_out
from tidemark.storage.postgres import connected

_SESSION = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; "
    "SET LOCAL constraint_exclusion = off"
)
_DETACHED = text("SELECT to_char(month, 'YYYY-MM') FROM core.detached_month")


def export_tables(
    url: SecretStr, lake: Lake, tables: Sequence[Exported], log: Callable[[str], None], *, may_empty: bool = False
) -> None:
    """Bring the tables of a lake up to what the warehouse holds now. Interrupted, it goes on where it was.

    Raises Problem where the warehouse or the lake cannot be used, and, without `may_empty`, where the warehouse has no
    month that the lake has of a table: it is another or an empty one.
    """
    with connected(url) as connection:
        for table in tables:
            connection.rollback()
            connection.execute(text(_SESSION))
            wanted = {each.month: each.fingerprint for each in months(connection, table)}
            write, gone = sort_out(wanted, lake, table.name, log)
            if table.by == "sold_at":  # of a detached month, the lake keeps what it has
                detached = set(connection.scalars(_DETACHED))
                write, gone = ([month for month in each if month not in detached] for each in (write, gone))
            there = lake.months(table.name)
            if gone and not may_empty and wanted.keys().isdisjoint(there):
                raise Problem(
                    f"{table.name}: the warehouse has none of the months that are there, {there[0]} to {there[-1]}, "
                    f"so {len(gone)} would be removed",
                    "Check TIDEMARK_WAREHOUSE_URL and the place. If they are to go, add --allow-removal",
                )
            for month in write:
                lake.write(table.name, month, wanted[month], rows_of(connection, table, month, log))
                log(f"{table.name}: {month} written")
            for month in gone:
                lake.remove(table.name, month)
                log(f"{table.name}: {month} removed, for the warehouse has none of it")
