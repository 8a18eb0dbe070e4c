"""Connections to the warehouse, and its failures in words that hold no password."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from pydantic import SecretStr
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from tidemark.core.errors import Problem
from tidemark.storage.failures import problem_of

IAM = "postgresql+iam"
LOCK_NOT_AVAILABLE, DEADLOCK, FORBIDDEN = "55P03", "40P01", "42501"
_PORT = 5432
# what is sent and received is UTF-8, whatever PGCLIENTENCODING, the role or the database set
_OPTIONS = {"application_name": "tidemark", "client_encoding": "utf8"}
# Limits that end a whole session; a load may take longer, and its session waits between turns. Those of readers stay.
_UNLIMITED = """
SELECT set_config(name, '0', false)
FROM unnest(ARRAY['transaction_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout']) AS name
WHERE current_setting(name, true) IS NOT NULL AND EXISTS (
    SELECT FROM pg_roles AS loads WHERE pg_has_role(loads.oid, 'MEMBER') AND (rolname = 'tidemark_loader'
        OR loads.oid = (SELECT datdba FROM pg_database WHERE datname = current_database())))
"""
_KEEP_ALIVE = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


def _parsed(url: SecretStr, name: str) -> URL:
    try:
        parsed = make_url(url.get_secret_value())
    except (ArgumentError, ValueError):  # whose words may quote a part of the password
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise Problem(f"{name} is not the address of a PostgreSQL database",
                      "Write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE; @ in a password is %40")  # fmt: skip
    if "@" in f"{parsed.host}{parsed.database}":
        raise Problem(f"{name} cannot be read: the password holds one of @ : / ? # as it is",
                      "Write it as %40 %3A %2F %3F or %23")  # fmt: skip
    return parsed


def rds_token(address: URL) -> str:
    """Return the password of the next minutes for a user who logs in by IAM. It is signed here, without the network.

    Raises Problem where there are no credentials or no region.
    """
    import boto3  # noqa: PLC0415 - only where it is needed: it takes long to load

    try:
        rds: Any = boto3.Session().client("rds")
        port = address.port or _PORT
        return str(rds.generate_db_auth_token(DBHostname=address.host, Port=port, DBUsername=address.username))
    except Exception as error:
        problem = problem_of("the login by IAM", error)
        if problem is None:
            raise
        raise problem from None


@contextmanager
def connected(
    url: SecretStr,
    *,
    name: str = "TIDEMARK_WAREHOUSE_URL",
    what: str = "the warehouse",
    token: Callable[[URL], str] = rds_token,
) -> Iterator[Connection]:
    """Connect to the warehouse, in UTC and UTF-8; what is not committed is rolled back at the end.

    `name` is the variable that holds the address, and `what` the database as messages name it. An address that begins
    with postgresql+iam:// has no password: `token` makes one for each connection, also for others of its engine. Where
    the user may load, or owns the database, no limit of time ends the session.

    Raises Problem where the server does not answer, refuses the user, or goes away in the middle.
    """
    parsed = _parsed(url, name)
    place = f"{parsed.host or 'local socket'}:{parsed.port or _PORT}"
    place += f", database {parsed.database}, user {parsed.username}"
    address = parsed.set(drivername="postgresql+psycopg2")
    if parsed.drivername == IAM:  # a token goes to a verified server only
        address = address.set(query={"sslmode": "verify-full"} | parsed.query)
    try:
        engine = create_engine(
            address,
            poolclass=NullPool,
            connect_args={**_KEEP_ALIVE, **_OPTIONS},
            hide_parameters=True,
            isolation_level="READ COMMITTED",
        )
        if parsed.drivername == IAM:  # a token is good for a quarter of an hour, and a load may connect again after it
            event.listen(engine, "do_connect", lambda *given: given[-1].update(password=token(parsed)))
        with engine.connect() as connection:
            # not as options of the start: PGTZ would win over them, and PgBouncer refuses them
            connection.exec_driver_sql("SET TimeZone = 'UTC'; SET temp_buffers = '64MB'")
            connection.exec_driver_sql(_UNLIMITED)
            connection.commit()
            yield connection
    except (DBAPIError, psycopg2.Error) as error:  # the latter from COPY, which SQLAlchemy does not see
        problem = problem_of(f"{what} ({place})", error)
        if problem is None:
            raise
        raise problem from error
