"""Migrations: the numbered SQL files of `sql/migrations/`, applied in order of name, forward only.

Alembic runs them, by `command.upgrade` in a migration environment that is written for the run. Each file is a revision
of its own without a predecessor, so that `ops.schema_migration` holds one row per applied file, written in the file's
own transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tidemark.core.errors import Problem
from tidemark.storage.failures import failure_of
from tidemark.storage.files import shipped
from tidemark.storage.postgres import FORBIDDEN, LOCK_NOT_AVAILABLE, connected
from tidemark.storage.postgres_errors import statement_failure

MIGRATIONS = shipped("sql") / "migrations"
_GRANTS = shipped("sql") / "grants.sql"
# Whether a role or a right of grants.sql is missing, as after a restore into a server without the roles.
_RIGHTS_MISSING = """
SELECT to_regnamespace('core') IS NOT NULL AND (
    (SELECT count(*) FROM pg_roles WHERE rolname IN ('tidemark_loader', 'tidemark_reader')) < 2
    OR EXISTS (
        SELECT FROM pg_class AS relation
        JOIN pg_namespace AS namespace ON namespace.oid = relnamespace
        JOIN pg_roles AS role ON rolname = 'tidemark_loader' OR (rolname = 'tidemark_reader' AND nspname <> 'ops')
        WHERE nspname IN ('core', 'mart', 'ops') AND relkind IN ('r', 'p', 'v', 'm')
            AND NOT (has_table_privilege(role.oid, relation.oid, 'SELECT')
                AND has_schema_privilege(role.oid, namespace.oid, 'USAGE'))
    )
    OR EXISTS (
        SELECT FROM pg_proc AS function
        JOIN pg_namespace AS namespace ON namespace.oid = pronamespace
        JOIN pg_roles AS role ON rolname = 'tidemark_loader' OR (rolname = 'tidemark_reader' AND nspname <> 'ops')
        WHERE nspname IN ('core', 'mart', 'ops') AND NOT has_function_privilege(role.oid, function.oid, 'EXECUTE')
    )
)
"""
_GUARD = "tidemark_migrating"
_ENVIRONMENT = """
from alembic import context

context.configure(
    connection=context.config.attributes["connection"], version_table="schema_migration", version_table_schema="ops"
)
with context.begin_transaction():
    context.run_migrations()
"""
_REVISION = """
from alembic import context, op

revision, down_revision = {name!r}, None


def upgrade():
    context.config.attributes["apply"](op.get_bind(), revision)
"""
_ALEMBIC = Lock()  # its `context` and `op` are those of one migration of the process
# where the applied files are recorded, as Alembic makes it
_RECORDS = """CREATE SCHEMA IF NOT EXISTS ops;
CREATE TABLE IF NOT EXISTS ops.schema_migration (
    version_num varchar(32) NOT NULL CONSTRAINT schema_migration_pkc PRIMARY KEY
);
"""


def migrate(
    url: SecretStr, folder: Path = MIGRATIONS, log: Callable[[str], object] = print, *, wait: float = 600
) -> list[str]:
    """Apply every migration that the database lacks and return their names.

    Two at once are safe: the second waits up to `wait` seconds and finds nothing to do. A migration that fails leaves
    nothing behind, and those before it are kept. Raises Problem where one fails, the database does not answer, or
    `pending` refuses it.
    """
    applied: list[str] = []
    with connected(url) as connection:
        _require_utf8(connection)
        connection.commit()
        with _alone(url, log, wait):
            _execute(connection, "the schema ops", "CREATE SCHEMA IF NOT EXISTS ops")
            connection.commit()
            missing, _ = pending(connection, folder)
            connection.commit()
            with _alembic(connection, folder) as config:
                for name in missing:
                    with _ALEMBIC:
                        command.upgrade(config, name)
                    connection.commit()
                    applied.append(name)
                    log(f"applied {name}")
            if pending(connection, folder)[1]:
                _execute(connection, "grants.sql", _GRANTS.read_text())
                connection.commit()
                if not applied:
                    log("granted the rights of tidemark_loader and tidemark_reader again")
    return applied


def pending(connection: Connection, folder: Path = MIGRATIONS) -> tuple[list[str], bool]:
    """Return what `migrate` would do: which migrations it would apply, and whether it would grant rights.

    Nothing is changed. Raises Problem where `migrate` refuses: an encoding that cannot hold every name, or a warehouse
    of a newer version.
    """
    _require_utf8(connection)
    if unknown := sorted(_applied(connection) - _files(folder)):
        raise Problem(f"this version of Tidemark does not have the warehouse's migrations {', '.join(unknown)}",
                      "Install the version that applied them, or a newer one")  # fmt: skip
    missing = missing_migrations(connection, folder)
    return missing, bool(missing or connection.scalar(text(_RIGHTS_MISSING)))


def missing_migrations(connection: Connection, folder: Path = MIGRATIONS) -> list[str]:
    """Return the names of the migrations that the database lacks, in order; nothing is changed."""
    return sorted(_files(folder) - _applied(connection))


def _files(folder: Path) -> set[str]:
    return {file.stem for file in folder.glob("*.sql")}


def _applied(connection: Connection) -> set[str]:
    there = connection.scalar(text("SELECT to_regclass('ops.schema_migration')"))
    return set(connection.scalars(text("SELECT version_num FROM ops.schema_migration"))) if there else set()


def migration_sql(connection: Connection, folder: Path = MIGRATIONS) -> str:
    """Return the SQL that `migrate` would run, for psql: each file with its record in one transaction."""
    missing, rights = pending(connection, folder)
    steps = [
        f"BEGIN;\n{(folder / f'{name}.sql').read_text().rstrip()}\n"
        f"INSERT INTO ops.schema_migration (version_num) VALUES ('{name}');\nCOMMIT;\n"
        for name in missing
    ]
    return "\n".join([*([_RECORDS] if missing else []), *steps, *([_GRANTS.read_text()] if rights else [])])


@contextmanager
def _alone(url: SecretStr, log: Callable[[str], object], wait: float) -> Iterator[None]:
    """Keep a second migrate out by a schema that is created and never committed.

    Only a user who may migrate can hold this lock, unlike an advisory one, and it ends with its transaction, also
    behind a pooler.
    """
    with connected(url) as guard:
        try:
            with guard.begin_nested():
                _claim(guard, 0.2)
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                raise
            log(f"another migrate is running; waiting up to {wait:.0f} s for its end")
            try:
                _claim(guard, wait)
            except DBAPIError as error:
                if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                    raise
                raise Problem(
                    f"another migrate has been running for {wait:.0f} s",
                    "Wait for its end. If none runs, end its session with pg_terminate_backend: pg_stat_activity shows "
                    f"it as idle in transaction with {_GUARD}",
                ) from error
        yield


def _claim(guard: Connection, wait: float) -> None:
    limits = f"SET LOCAL lock_timeout = {wait * 1000:.0f}; SET LOCAL idle_in_transaction_session_timeout = 0"
    guard.exec_driver_sql(limits)
    _execute(guard, "migrate", f"CREATE SCHEMA {_GUARD}")


def _require_utf8(connection: Connection) -> None:
    """Raise Problem unless the database stores UTF-8; SQL_ASCII takes any bytes and knows no characters."""
    encoding, name = connection.execute(text("SELECT current_setting('server_encoding'), current_database()")).one()
    if encoding != "UTF8":
        raise Problem(
            f"the database {name} has the encoding {encoding}, which cannot hold every collection and every name",
            "An encoding cannot be changed. Create another database and set TIDEMARK_WAREHOUSE_URL to it: "
            "CREATE DATABASE tidemark ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' TEMPLATE template0",
        )


@contextmanager
def _alembic(connection: Connection, folder: Path) -> Iterator[Config]:
    """Give Alembic's environment of these SQL files."""

    def apply(connection: Connection, name: str) -> None:
        _execute(connection, f"migration {name}", (folder / f"{name}.sql").read_text())

    with TemporaryDirectory() as scripts:
        place = Path(scripts)
        (place / "env.py").write_text(_ENVIRONMENT)
        (place / "versions").mkdir()
        for number, file in enumerate(sorted(folder.glob("*.sql"))):
            (place / "versions" / f"revision_{number}.py").write_text(_REVISION.format(name=file.stem))
        config = Config(attributes={"connection": connection, "apply": apply})
        config.set_main_option("script_location", scripts.replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        yield config


def _execute(connection: Connection, name: str, sql: str) -> None:
    """Run SQL unchanged: without parameters, so that a percent sign in it is just that."""
    try:
        connection.execution_options(no_parameters=True).exec_driver_sql(sql)
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != FORBIDDEN and failure_of(
            error
        ):  # of the server, which `connected` words
            raise
        raise Problem(
            f"{name} failed: {statement_failure(error.orig or error)}",
            "Nothing of it was kept. The user of TIDEMARK_WAREHOUSE_URL needs the right to create schemas in the "
            "database and, unless the roles tidemark_loader and tidemark_reader exist, the right to create roles",
        ) from error
