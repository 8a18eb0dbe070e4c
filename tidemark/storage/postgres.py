"""Connections to the warehouse, and its failures in words that hold no password."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import psycopg2
from pydantic import SecretStr
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from tidemark.core.errors import Problem

_KEEP_ALIVE = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_REFUSED = re.compile(
    r'authentication failed|no password supplied|role ".*" does not exist|database ".*" does not exist'
    r"|invalid (?:connection option|sslmode value|port number)"
)
_OUT_OF_REACH = (psycopg2.OperationalError, psycopg2.InterfaceError)


def _parsed(url: SecretStr) -> URL:
    try:
        parsed = make_url(url.get_secret_value())
    except (ArgumentError, ValueError):  # whose words may quote a part of the password
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise Problem("TIDEMARK_WAREHOUSE_URL is not the address of a PostgreSQL database",
                      "Write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE; @ in a password is %40")  # fmt: skip
    if "@" in f"{parsed.host}{parsed.database}":
        raise Problem("TIDEMARK_WAREHOUSE_URL cannot be read: the password holds one of @ : / ? # as it is",
                      "Write it as %40 %3A %2F %3F or %23")  # fmt: skip
    return parsed.set(drivername="postgresql+psycopg2")


@contextmanager
def connected(url: SecretStr) -> Iterator[Connection]:
    """Connect to the warehouse, in UTC; what is not committed is rolled back at the end.

    Raises Problem where the server does not answer, refuses the user, or goes away in the middle.
    """
    parsed = _parsed(url)
    options = {**_KEEP_ALIVE, "application_name": "tidemark", "options": "-c temp_buffers=64MB"}
    engine = create_engine(
        parsed, poolclass=NullPool, connect_args=options, hide_parameters=True, isolation_level="READ COMMITTED"
    )
    place = f"{parsed.host or 'local socket'}:{parsed.port or 5432}, database {parsed.database}, user {parsed.username}"
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET TimeZone = 'UTC'")  # an option at the start would yield to PGTZ
            connection.commit()
            yield connection
    except DBAPIError as error:
        if not isinstance(error.orig, _OUT_OF_REACH) and not _REFUSED.search(str(error.orig)):
            raise
        _tell(place, error.orig or error)
    except _OUT_OF_REACH as error:  # from COPY, which SQLAlchemy does not see
        _tell(place, error)


def _tell(place: str, error: Exception) -> NoReturn:
    """Raise what a person can act on; its cause is kept where trying again may help."""
    what = f"the warehouse ({place}) failed: {str(error).strip()}"
    if _REFUSED.search(what):
        raise Problem(
            what, "Check the user, the password, the database and the options in TIDEMARK_WAREHOUSE_URL"
        ) from None
    raise Problem(what, "Check that the server runs and can be reached, then repeat: nothing was half done") from error
