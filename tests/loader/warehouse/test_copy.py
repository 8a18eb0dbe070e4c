from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import repeat

import psycopg2
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from tidemark.loader.warehouse.copy import PORTION, Copy, copied
from tidemark.storage.postgres import connected

FILLER = b"x" * (PORTION // 8)


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    with connected(SecretStr(postgres_url)) as connection:
        connection.execute(text("CREATE TEMP TABLE one (a int, b text)"))
        yield connection


def fill(connection: Connection, rows: Iterable[bytes]) -> int:
    with Copy(connection, "one", ("a", "b")) as copy:
        for row in rows:
            copy.add(row)
    return copy.rows


def test_many_portions_are_one_copy(connection: Connection) -> None:
    assert fill(connection, (b"%d,%b\n" % (number, FILLER) for number in range(40))) == 40
    assert connection.execute(text("SELECT sum(a), min(length(b)) FROM one")).one() == (sum(range(40)), len(FILLER))


def test_nothing_is_no_row(connection: Connection) -> None:
    assert fill(connection, []) == 0


def test_a_row_that_the_server_refuses_is_raised(connection: Connection) -> None:
    with pytest.raises(psycopg2.errors.InvalidTextRepresentation, match="not a number"):
        fill(connection, [b"1,%b\n" % FILLER, b"not a number,%b\n" % FILLER, *[b"1,%b\n" % FILLER] * 40])


def test_a_lost_connection_is_raised_while_rows_are_added(connection: Connection, postgres_url: str) -> None:
    def rows() -> Iterator[bytes]:
        yield b"1,%b\n" % FILLER
        with connected(SecretStr(postgres_url)) as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
        yield from repeat(b"1,%b\n" % FILLER)

    backend = connection.scalar(text("SELECT pg_backend_pid()"))
    with pytest.raises(psycopg2.OperationalError):
        fill(connection, rows())
    connection.invalidate()


def test_what_was_added_before_an_error_is_not_taken(connection: Connection) -> None:
    def rows() -> Iterator[bytes]:
        yield from repeat(b"1,%b\n" % FILLER, 40)
        raise KeyError("the reader")

    with pytest.raises(KeyError, match="the reader"):
        fill(connection, rows())
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        copied(connection, "one", ("a", "b"), BytesIO())


def test_rows_are_copied_from_a_file(connection: Connection) -> None:
    assert copied(connection, "one", ("b", "a"), BytesIO(b'"two",2\n"three",3\n')) == 2
    assert connection.execute(text("SELECT a, b FROM one ORDER BY a")).all() == [(2, "two"), (3, "three")]
