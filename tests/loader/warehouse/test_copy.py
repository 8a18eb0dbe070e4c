from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from loader.warehouse.copy import PORTION, Copy
from loader.warehouse.postgres import connected


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    with connected(SecretStr(postgres_url)) as connection:
        connection.execute(text("CREATE TEMP TABLE one (a int, b text); CREATE TEMP TABLE two (LIKE one)"))
        yield connection


@pytest.fixture
def sender() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as sender:
        yield sender


def test_two_tables_fill_side_by_side_over_one_connection(connection: Connection, sender: ThreadPoolExecutor) -> None:
    copies = [Copy(connection, table, ("a", "b"), sender) for table in ("one", "two")]
    filler = "x" * (PORTION // 8)
    for number in range(40):
        for copy in copies:
            copy.add(f"{number},{filler}\n".encode())
    for copy in copies:
        copy.flush()
    assert [copy.rows for copy in copies] == [40, 40]
    for table in ("one", "two"):
        assert connection.scalar(text(f"SELECT sum(a) FROM {table}")) == sum(range(40))


def test_nothing_is_no_row(connection: Connection, sender: ThreadPoolExecutor) -> None:
    copy = Copy(connection, "one", ("a", "b"), sender)
    copy.flush()
    assert copy.rows == 0


def test_a_row_that_the_server_refuses_is_raised(connection: Connection, sender: ThreadPoolExecutor) -> None:
    copy = Copy(connection, "one", ("a",), sender)
    copy.add(b"not a number\n")
    with pytest.raises(psycopg2.errors.InvalidTextRepresentation):
        copy.flush()


def test_a_row_that_is_refused_is_raised_by_a_later_one_too(connection: Connection, sender: ThreadPoolExecutor) -> None:
    copy = Copy(connection, "one", ("a", "b"), sender)
    copy.add(b"not a number,%b\n" % (b"x" * PORTION))
    with pytest.raises(psycopg2.errors.InvalidTextRepresentation):
        copy.add(b"1,%b\n" % (b"x" * PORTION))
