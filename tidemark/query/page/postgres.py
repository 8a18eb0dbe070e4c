"""Reading what the page shows: one read-only transaction, as the reader, with short queries."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.query.postgres import problem_of_query, unknown
from tidemark.query.question import question
from tidemark.storage.files import shipped
from tidemark.storage.postgres import connected

PAGE = shipped("sql") / "page"
_SESSION = (  # as for questions
    "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '4s'; SET LOCAL jit = off; "
    "SET LOCAL constraint_exclusion = off"
)
_BOOK_KNOWN_AFTER = 24  # hours of unbroken coverage, the question's own default
_READER = "SET LOCAL ROLE tidemark_reader"

Row = Mapping[str, object]


class Warehouse:
    """The queries of the page, over one open transaction. Each raises Problem where the warehouse refuses it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def span(self) -> tuple[Hour, Hour] | None:
        """Return the first and the last hour that was loaded, or None."""
        (row,) = self._ask("span")
        first, last = row["first"], row["last"]
        return (Hour.of(first), Hour.of(last)) if isinstance(first, datetime) and isinstance(last, datetime) else None

    def quality(self, first: Hour, last: Hour) -> list[Row]:
        """Return the loaded hours of a range, as the question `hour_quality` answers."""
        return self._rows(question("hour_quality").sql, {"from": first.start, "to": last.end})

    def gaps(self, hours: Sequence[Hour]) -> list[Row]:
        """Return the gaps of these hours."""
        return self._ask("gaps", hours=[hour.start for hour in hours])

    def loads(self, hours: Sequence[Hour]) -> list[Row]:
        """Return the loads of these hours, the newest first."""
        return self._ask("loads", hours=[hour.start for hour in hours])

    def market(self, first: Hour, last: Hour, collection: str | None) -> dict[str, list[Row]]:
        """Return the rows of `sales_by_hour`, `top_collections` and `latest_sales` of a range."""
        values = {"from": first.start, "to": last.end, "collection": collection}
        return {name: self._ask(name, **values) for name in ("sales_by_hour", "top_collections", "latest_sales")}

    def book(self, first: Hour, last: Hour, collection: str) -> list[Row]:
        """Return the floor and the best offer of a collection at the end of each hour, as `spread` answers."""
        values = {"from": first.start, "to": last.end, "collection": collection, "hours": _BOOK_KNOWN_AFTER}
        return self._rows(question("spread").sql, values)

    def unknown(self, collection: str) -> Problem | None:
        """Return what is wrong with the name of a collection; None where it is known."""
        with self._explained():
            return unknown(self._connection, "collection", collection)

    def _ask(self, name: str, **values: object) -> list[Row]:
        return self._rows((PAGE / f"{name}.sql").read_text(), values)

    def _rows(self, sql: str, values: Mapping[str, object]) -> list[Row]:
        with self._explained():
            return [dict(row) for row in self._connection.execute(text(sql), values).mappings()]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            with self._connection.begin_nested():
                yield
        except DBAPIError as error:
            raise (problem_of_query(error) or error) from error


@contextmanager
def reading(url: SecretStr) -> Iterator[Warehouse]:
    """Open the warehouse for one page. Raises Problem where it is out of reach or not migrated.

    The role is the reader's where this user may take it; the transaction is read-only in any case.
    """
    with connected(url) as connection:
        connection.execute(text(_SESSION))
        try:
            with connection.begin_nested():
                connection.execute(text(_READER))
        except DBAPIError as error:
            if not getattr(error.orig, "pgcode", None):
                raise Problem("the warehouse went away", "Load the page again") from error
        yield Warehouse(connection)
