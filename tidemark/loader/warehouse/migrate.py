"""Migrations: the numbered SQL files of `sql/migrations/`, applied in order of name, forward only.

Alembic runs them. Each file is a revision of its own without a predecessor, so that `ops.schema_migration` holds
one row per applied file, written in the file's own transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import Script
from alembic.script.revision import RevisionMap
from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tidemark.core.errors import Problem
from tidemark.storage.files import shipped
from tidemark.storage.postgres import connected

MIGRATIONS = shipped("sql") / "migrations"
_LOCK_NOT_AVAILABLE = "55P03"
_LOCK = 7_203_558_001  # any number, the same in every version


def migrate(
    url: SecretStr, folder: Path = MIGRATIONS, say: Callable[[str], object] = print, *, wait: float = 600
) -> list[str]:
    """Apply every migration that the database lacks and return their names.

    Two at once are safe: the second waits up to `wait` seconds and finds nothing to do. A migration that fails leaves
    nothing behind, and those before it are kept. Raises Problem where one fails, the database does not answer, or its
    encoding cannot hold every name.
    """
    applied: list[str] = []
    with connected(url) as connection:
        _require_utf8(connection)
        with _alone(connection, say, wait):
            _execute(connection, "the schema ops", "CREATE SCHEMA IF NOT EXISTS ops")
            connection.commit()
            files = sorted(folder.glob("*.sql"))
            scripts = {file.stem: Script(_module(file), file.stem, file) for file in files}
            known = RevisionMap(scripts.values)

            def missing(present: tuple[str, ...], _: object) -> Iterator[RevisionStep]:
                for name in sorted(set(known.bases) - set(present)):
                    yield RevisionStep(known, scripts[name], is_upgrade=True)
                    applied.append(name)
                    say(f"applied {name}")

            options = {"fn": missing, "version_table": "schema_migration", "version_table_schema": "ops",
                       "transaction_per_migration": True}  # fmt: skip
            MigrationContext.configure(connection, opts=options).run_migrations(connection=connection)
    return applied


@contextmanager
def _alone(connection: Connection, say: Callable[[str], object], wait: float) -> Iterator[None]:
    """Keep a second migrate out. A pooler may keep the lock of one that ended, so that waiting has an end."""
    lock = {"lock": _LOCK}
    if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), lock):
        say(f"another migrate is running; waiting up to {wait:.0f} s for its end")
        connection.exec_driver_sql(f"SET lock_timeout = {wait * 1000:.0f}")
        try:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), lock)
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
                raise
            raise Problem(
                f"another migrate has held its lock for {wait:.0f} s",
                "Wait for its end. If none runs, a pooler such as PgBouncer kept the lock: let TIDEMARK_WAREHOUSE_URL "
                "name the server itself, and end the pooler's sessions with pg_terminate_backend",
            ) from error
        connection.exec_driver_sql("SET lock_timeout = 0")
    try:
        yield
    finally:
        with suppress(DBAPIError):  # a server that went away has released it
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), lock)
            connection.commit()


def _require_utf8(connection: Connection) -> None:
    """Raise Problem unless the database stores UTF-8; SQL_ASCII takes any bytes and knows no characters."""
    encoding, name = connection.execute(text("SELECT current_setting('server_encoding'), current_database()")).one()
    if encoding != "UTF8":
        raise Problem(
            f"the database {name} has the encoding {encoding}, which cannot hold every collection and every name",
            "An encoding cannot be changed. Create another database and set TIDEMARK_WAREHOUSE_URL to it: "
            "CREATE DATABASE tidemark ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' TEMPLATE template0",
        )


def _module(file: Path) -> ModuleType:
    """Return what Alembic expects a revision to be: a module with `down_revision` and `upgrade`."""

    def upgrade(connection: Connection) -> None:
        _execute(connection, f"migration {file.stem}", file.read_text())

    module = ModuleType(file.stem)
    module.__dict__.update(down_revision=None, upgrade=upgrade)
    return module


def _execute(connection: Connection, name: str, sql: str) -> None:
    """Run SQL unchanged: without parameters, so that a percent sign in it is just that."""
    try:
        connection.execution_options(no_parameters=True).exec_driver_sql(sql)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        raise Problem(
            f"{name} failed: {str(error.orig).strip()}",
            "Nothing of it was kept. The user of TIDEMARK_WAREHOUSE_URL needs the right to create schemas in the "
            "database and, unless the roles tidemark_loader and tidemark_reader exist, the right to create roles",
        ) from error
