"""The warehouse: whether it answers, is migrated, and gives this user what loading needs."""

import time
from collections.abc import Callable

from pydantic import SecretStr
from sqlalchemy import Connection, text

from tidemark.check.machine import compare_clocks
from tidemark.check.report import Check, Warned
from tidemark.core.errors import Problem
from tidemark.core.text import printable
from tidemark.loader.warehouse.runs import require_migrated
from tidemark.storage.postgres import connected

_OLDEST = 140000
_ROLES = ("tidemark_loader", "tidemark_reader")
# Logins that only read, and have no limit of their own; a setting of the database counts for all.
_UNLIMITED = """
SELECT rolname FROM pg_roles AS role
WHERE rolcanlogin AND NOT rolsuper
    AND pg_has_role(role.oid, 'tidemark_reader', 'MEMBER') AND NOT pg_has_role(role.oid, 'tidemark_loader', 'MEMBER')
    AND (rolconnlimit < 0 OR (
        SELECT count(DISTINCT split_part(setting, '=', 1)) FROM pg_db_role_setting, unnest(setconfig) AS setting
        WHERE setrole IN (0, role.oid)
            AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
            AND split_part(setting, '=', 1) IN ('statement_timeout', 'idle_in_transaction_session_timeout')
    ) < 2)
ORDER BY rolname
"""
# What ends a load; tidemark.storage.postgres has lifted the last three where it could.
_LIMITS = """
SELECT name, current_setting(name) FROM unnest(ARRAY['statement_timeout', 'transaction_timeout',
    'idle_in_transaction_session_timeout', 'idle_session_timeout']) AS name
WHERE current_setting(name, true) <> '0'
"""
_WRITTEN = ("core.sale_row", "ops.load_run", "mart.hour_quality")
_READ = ("core.sale", "mart.sales", "mart.hour_quality")


def warehouse_checks(url: SecretStr) -> list[Check]:
    """Return the checks of a warehouse that is loaded, each with a connection of its own."""
    return _connecting(url, [_warehouse, _encoding, _migrations, _roles, _rights, _readers])


def reading_checks(url: SecretStr) -> list[Check]:
    """Return the checks of a warehouse that is only asked; it may be a standby."""
    return _connecting(url, [_warehouse, _encoding, _reading])


def _connecting(url: SecretStr, functions: list[Callable[[Connection], str | Warned]]) -> list[Check]:
    def connecting(function: Callable[[Connection], str | Warned]) -> Check:
        def run() -> str | Warned:
            with connected(url) as connection:
                return function(connection)

        return Check(function.__name__.removeprefix("_").replace("_", " "), run)

    return [connecting(each) for each in functions]


def _warehouse(connection: Connection) -> str | Warned:
    version = int(connection.scalar(text("SHOW server_version_num")) or 0)
    name = connection.scalar(text("SHOW server_version"))
    if version < _OLDEST:
        raise Problem(f"the warehouse is PostgreSQL {name}", "Use PostgreSQL 14 or newer")
    now = connection.scalar(text("SELECT clock_timestamp()"))
    assert now is not None  # noqa: S101 - a server always knows the time
    return compare_clocks(now, time.time(), f"PostgreSQL {name} answers")


def _encoding(connection: Connection) -> str:
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise Problem(f"the database is encoded in {encoding}", "Create it again: CREATE DATABASE … ENCODING 'UTF8'")
    return "UTF8"


def _migrations(connection: Connection) -> str:
    require_migrated(connection)
    return "every migration of this version is applied"


def _roles(connection: Connection) -> str:
    there = set(connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname = ANY (:roles)"),
                                   {"roles": list(_ROLES)}))  # fmt: skip
    if missing := [role for role in _ROLES if role not in there]:
        raise Problem(f"the server has no role {' and no role '.join(missing)}",
                      "Run: tidemark migrate; it makes them, also after a restore")  # fmt: skip
    return " and ".join(_ROLES)


def _rights(connection: Connection) -> str | Warned:
    if connection.scalar(text("SELECT pg_is_in_recovery()")):
        raise Problem("the warehouse is a standby, which is read-only", "Point TIDEMARK_WAREHOUSE_URL at the primary")
    user = connection.scalar(text("SELECT current_user"))
    if connection.scalar(text("SELECT current_setting('transaction_read_only')")) == "on":
        raise Problem(f"transactions of the user {user} are read-only, by default_transaction_read_only",
                      f"As the owner: ALTER ROLE {user} SET default_transaction_read_only = off")  # fmt: skip
    may_insert = text("SELECT coalesce(has_table_privilege(to_regclass(:table), 'INSERT'), false)")
    lacking = [table for table in _WRITTEN if not connection.scalar(may_insert, {"table": table})]
    if lacking:
        raise Problem(f"the user {user} may not write {', '.join(lacking)}",
                      f"As the owner: GRANT tidemark_loader TO {user}, or run tidemark migrate")  # fmt: skip
    if limits := connection.execute(text(_LIMITS)).all():
        named = " and ".join(f"{name} = {value}" for name, value in limits)
        return Warned(f"{user} may load, and {named} ends a load that takes longer", "As the owner: " + "; ".join(
                      f"ALTER ROLE {user} SET {name} = 0" for name, _ in limits))  # fmt: skip
    if connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        return Warned(f"{user} may load, and is a superuser", "Use a user that has only the role tidemark_loader")
    return f"{user} may load"


def _reading(connection: Connection) -> str:
    user = connection.scalar(text("SELECT current_user"))
    # a schema that the user may not enter hides its tables, as one that is not migrated does
    readable = text(
        "SELECT count(*) FROM pg_class AS each JOIN pg_namespace AS space ON space.oid = relnamespace "
        "WHERE nspname || '.' || relname = ANY (:tables) AND has_schema_privilege(space.oid, 'USAGE') "
        "AND has_table_privilege(each.oid, 'SELECT')"
    )
    if (connection.scalar(readable, {"tables": list(_READ)}) or 0) < len(_READ):
        raise Problem(f"the user {user} may not read {', '.join(_READ)}, or they are not there",
                      f"As the owner: tidemark migrate, and GRANT tidemark_reader TO {user}")  # fmt: skip
    return f"{user} may read"


def _readers(connection: Connection) -> str | Warned:
    if unlimited := connection.scalars(text(_UNLIMITED)).all():
        return Warned(f"{', '.join(map(printable, unlimited))} may read without a limit of time or connections",
                      'Set the limits of docs/analyst.md, "An account for an analyst"')  # fmt: skip
    return "every account that only reads has limits"
