"""From the warehouse to a lake: each table is read in one snapshot, and what changed of it is written."""

from collections.abc import Callable, Sequence

from pydantic import SecretStr
from sqlalchemy import text

from tidemark.query.exported import Exported, months, rows_of
from tidemark.query.lake import Lake, sort_out
from tidemark.storage.postgres import connected

_SESSION = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"
)


def export_tables(url: SecretStr, lake: Lake, tables: Sequence[Exported], say: Callable[[str], None]) -> None:
    """Bring the tables of a lake up to what the warehouse holds now. Interrupted, it goes on where it was.

    Raises Problem where the warehouse or the lake cannot be used, ValueError for a value that no column can hold.
    """
    with connected(url) as connection:
        for table in tables:
            connection.rollback()
            connection.execute(text(_SESSION))
            wanted = {each.month: each.fingerprint for each in months(connection, table)}
            write, gone = sort_out(wanted, lake, table.name, say)
            for month in write:
                lake.write(table.name, month, wanted[month], rows_of(connection, table, month))
                say(f"{table.name}: {month} written")
            for month in gone:
                lake.remove(table.name, month)
                say(f"{table.name}: {month} removed, for the warehouse has none of it")
