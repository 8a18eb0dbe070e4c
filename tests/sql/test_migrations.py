import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from pydantic import SecretStr

from tests.conftest import administer, fresh_database
from tests.loader.contents import one, query
from tidemark.core.errors import Problem
from tidemark.loader.warehouse.migrate import MIGRATIONS, migrate
from tidemark.local.services.postgres import NEWEST, UNSAFE_BUT_FAST, Postgres, programs
from tidemark.storage.files import shipped

FILES = sorted(MIGRATIONS.glob("*.sql"))
SCHEMAS = "('core', 'mart', 'ops', 'staging')"


def quiet(_: str) -> None:
    """Swallow the progress."""


def applied(url: str) -> list[object]:
    return [name for (name,) in query(url, "SELECT version_num FROM ops.schema_migration ORDER BY 1")]


def shape(url: str) -> list[tuple[object, ...]]:
    """Every column, constraint and index, as the server describes them."""
    return query(
        url,
        f"""
        SELECT table_schema, table_name, column_name, data_type, is_nullable FROM information_schema.columns
        WHERE table_schema IN {SCHEMAS}
        UNION ALL SELECT schemaname, tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname IN {SCHEMAS}
        UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
        WHERE connamespace::regnamespace::text IN {SCHEMAS}
        ORDER BY 1, 2, 3, 4""",
    )


def test_from_empty(postgres_url: str) -> None:
    said: list[str] = []
    names = migrate(SecretStr(postgres_url), log=said.append)
    assert names == [file.stem for file in FILES] == applied(postgres_url)
    assert said == [f"applied {name}" for name in names]


@pytest.mark.parametrize("earlier", range(1, len(FILES)))
def test_from_every_earlier_version(postgres_url: str, warehouse_url: str, tmp_path: Path, earlier: int) -> None:
    for file in FILES[:earlier]:
        shutil.copy(file, tmp_path)
    migrate(SecretStr(postgres_url), tmp_path, log=quiet)
    assert len(applied(postgres_url)) == earlier
    migrate(SecretStr(postgres_url), log=quiet)
    assert shape(postgres_url) == shape(warehouse_url)


def test_an_older_server_takes_them_too(tmp_path: Path, warehouse_url: str) -> None:
    with Postgres(tmp_path / "postgres", settings=UNSAFE_BUT_FAST, version=16) as server:
        migrate(SecretStr(server.url()), log=quiet)
        assert str(one(server.url(), "SHOW server_version_num")).startswith("16")
        columns = [row for row in shape(server.url()) if row[4] in {"YES", "NO"}]
        assert columns == [row for row in shape(warehouse_url) if row[4] in {"YES", "NO"}]


def test_again_there_is_nothing_to_do(warehouse_url: str) -> None:
    before = shape(warehouse_url)
    assert migrate(SecretStr(warehouse_url), log=quiet) == []
    assert shape(warehouse_url) == before


def test_two_at_once(postgres_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        names = pool.map(lambda _: migrate(SecretStr(postgres_url), log=quiet), range(2))
    assert sorted(map(len, names)) == [0, len(FILES)]


def test_a_migrate_that_hangs_is_a_problem_and_not_a_wait_without_end(postgres_url: str) -> None:
    keeper = psycopg2.connect(postgres_url)
    with keeper.cursor() as cursor:
        cursor.execute("CREATE SCHEMA tidemark_migrating")
    said: list[str] = []
    with pytest.raises(Problem, match=r"another migrate has been running for 0 s") as kept:
        migrate(SecretStr(postgres_url), log=said.append, wait=0.2)
    assert "pg_terminate_backend" in kept.value.hint
    assert "another migrate is running" in said[0]
    keeper.close()
    assert len(migrate(SecretStr(postgres_url), log=quiet)) == len(FILES)


def test_a_server_that_goes_away_while_it_is_waited_for_is_no_other_migrate(postgres_url: str) -> None:
    keeper = psycopg2.connect(postgres_url)
    ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
    with keeper.cursor() as cursor:
        cursor.execute("CREATE SCHEMA tidemark_migrating")

        def end(_: str) -> None:
            cursor.execute(ending, [keeper.info.backend_pid])

        with pytest.raises(Problem, match=r"it is shutting down or starting|the connection was") as lost:
            migrate(SecretStr(postgres_url), log=end, wait=0.2)
    assert lost.value.transient
    keeper.close()


@pytest.mark.parametrize("fails", [False, True])
def test_the_lock_leaves_nothing_behind(postgres_url: str, tmp_path: Path, *, fails: bool) -> None:
    (tmp_path / "0001_some.sql").write_text("SELECT 1/0;" if fails else "SELECT 1;")
    with suppress(Problem):
        migrate(SecretStr(postgres_url), tmp_path, log=quiet)
    assert one(postgres_url, "SELECT to_regnamespace('tidemark_migrating')") is None
    here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"  # others hold some, too
    assert one(postgres_url, f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {here}") == 0


def test_two_databases_of_one_server_at_once(postgres_server: Postgres) -> None:
    with fresh_database(postgres_server, "template0") as one_url, fresh_database(postgres_server, "template0") as other:
        with ThreadPoolExecutor(2) as pool:
            names = pool.map(lambda url: migrate(SecretStr(url), log=quiet), (one_url, other))
        assert [len(each) for each in names] == [len(FILES)] * 2


def test_one_that_fails_leaves_nothing_and_those_before_it_stand(postgres_url: str, tmp_path: Path) -> None:
    shutil.copy(FILES[0], tmp_path)
    (tmp_path / "0002_wrong.sql").write_text("CREATE TABLE core.half (a int); SELECT 1/0;")
    with pytest.raises(Problem, match=r"0002_wrong.*division by zero"):
        migrate(SecretStr(postgres_url), tmp_path, log=quiet)
    assert applied(postgres_url) == [FILES[0].stem]
    assert one(postgres_url, "SELECT to_regclass('core.half')") is None


def test_a_percent_sign_and_a_colon_are_plain_text(postgres_url: str, tmp_path: Path) -> None:
    shutil.copy(FILES[0], tmp_path)
    (tmp_path / "0002_text.sql").write_text("CREATE TABLE core.said AS SELECT '100 % :hour %s'::text AS words;")
    migrate(SecretStr(postgres_url), tmp_path, log=quiet)
    assert one(postgres_url, "SELECT words FROM core.said") == "100 % :hour %s"


def test_names_are_numbered_once_and_fit_the_record() -> None:
    names = [file.stem for file in FILES]
    assert all(re.fullmatch(r"[0-9]{4}_[a-z0-9_]+", name) and len(name) <= 32 for name in names)
    assert len({name[:4] for name in names}) == len(names)


def test_everything_has_a_comment(warehouse_url: str) -> None:
    silent = query(
        warehouse_url,
        f"""
        SELECT class.oid::regclass::text, coalesce(attname, '(table)') FROM pg_class AS class
        LEFT JOIN pg_attribute ON attrelid = class.oid AND attnum > 0 AND NOT attisdropped
        WHERE relnamespace::regnamespace::text IN {SCHEMAS} AND relkind IN ('r', 'v', 'm', 'p')
            AND (obj_description(class.oid, 'pg_class') IS NULL OR col_description(class.oid, attnum) IS NULL)""",
    )
    assert silent == []


@pytest.fixture
def owner(postgres_server: Postgres) -> Iterator[str]:
    """A database that belongs to a role with no rights beyond it, as managed servers give them."""
    with fresh_database(postgres_server, "template0") as url:
        name = urlsplit(url).path[1:]
        query(url, "CREATE ROLE plain LOGIN PASSWORD 'plain'")
        query(url, f"ALTER DATABASE {name} OWNER TO plain")
        yield url.replace(urlsplit(url).netloc.split("@")[0], "plain:plain")
        query(url, "DROP OWNED BY plain CASCADE")
        query(url, f"ALTER DATABASE {name} OWNER TO tidemark")
        query(url, "DROP ROLE plain")


def test_no_superuser_is_needed_where_the_roles_exist(owner: str, migrated: str) -> None:
    migrate(SecretStr(owner), log=quiet)
    assert applied(owner) == [file.stem for file in FILES]


def privileges(url: str) -> list[tuple[object, ...]]:
    """Every right of the two roles, as the server keeps it."""
    return query(
        url,
        """
        SELECT what, name, grantee::regrole::text, privilege_type FROM (
            SELECT 'schema' AS what, nspname::text AS name, nspacl AS rights FROM pg_namespace
            UNION ALL SELECT 'relation', oid::regclass::text, relacl FROM pg_class
            UNION ALL SELECT 'function', oid::regprocedure::text, proacl FROM pg_proc
        ) AS held, aclexplode(rights)
        WHERE grantee IN (SELECT oid FROM pg_roles WHERE rolname IN ('tidemark_loader', 'tidemark_reader'))
        ORDER BY 1, 2, 3, 4""",
    )


def test_a_dump_restored_into_a_server_without_the_roles_gets_them_by_migrate(tmp_path: Path, owner: str) -> None:
    migrate(SecretStr(owner), log=quiet)
    query(owner, "INSERT INTO ops.load_lock VALUES ('a row that is restored')")
    dump = tmp_path / "warehouse.dump"
    with Postgres(tmp_path / "other", settings=UNSAFE_BUT_FAST) as other:
        for program, *words in (
            ("pg_dump", "--format=custom", f"--file={dump}", owner),
            ("pg_restore", "--no-owner", "--no-privileges", f"--dbname={other.url()}", str(dump)),
        ):
            subprocess.run([programs(NEWEST) / program, *words], check=True, capture_output=True)
        said: list[str] = []
        assert migrate(SecretStr(other.url()), log=said.append) == []
        assert said == ["granted the rights of tidemark_loader and tidemark_reader again"]
        assert privileges(other.url()) == privileges(owner)
        assert one(other.url(), "SELECT name FROM ops.load_lock") == "a row that is restored"
        assert migrate(SecretStr(other.url()), log=said.append) == []
        assert len(said) == 1


def test_a_user_without_the_right_is_told_so(postgres_server: Postgres, postgres_url: str, owner: str) -> None:
    foreign = owner.replace(urlsplit(owner).path, urlsplit(postgres_url).path)
    said: list[str] = []
    with pytest.raises(Problem, match="permission denied for database") as caught:
        migrate(SecretStr(foreign), log=said.append)
    assert "plain:plain" not in str(caught.value)
    assert said == []  # no other migrate was waited for


def test_a_database_that_cannot_hold_every_name_is_refused(postgres_server: Postgres) -> None:
    options = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    administer(postgres_server, f"CREATE DATABASE ascii {options}")
    with pytest.raises(Problem, match="the database ascii has the encoding SQL_ASCII"):
        migrate(SecretStr(postgres_server.url("ascii")), log=quiet)
    administer(postgres_server, "DROP DATABASE ascii WITH (FORCE)")


def test_no_text_is_in_the_order_of_the_database(warehouse_url: str) -> None:
    # it is another one on each server, and indexes in it are slower and break when the system's library changes
    ordered = """
        SELECT attrelid::regclass::text || '.' || attname
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace::regnamespace::text IN ('core', 'mart', 'ops', 'staging') AND NOT attisdropped AND attnum > 0
            AND attcollation NOT IN (0, 'pg_catalog."C"'::regcollation)
    """
    alembic = {("ops.schema_migration.version_num",), ("ops.schema_migration_pkc.version_num",)}
    assert set(query(warehouse_url, ordered)) == alembic


def test_no_text_of_a_load_is_in_the_order_of_the_database() -> None:
    files = [file for folder in ("load", "marts") for file in (shipped("sql") / folder).glob("*.sql")]
    declared = [made for file in files for made in re.findall(r"CREATE TEMP TABLE \w+ \(([^;]*)\)", file.read_text())]
    assert sum(made.count('text COLLATE "C"') for made in declared) >= len(declared) > 5
    assert [made for made in declared if re.search(r'\btext\b(?! COLLATE "C")', made)] == []


def as_role(url: str, role: str, statement: str) -> list[tuple[object, ...]]:
    return query(url, f"SET ROLE {role}; {statement}")


@pytest.mark.parametrize("table", ["core.sale", "core.sale_sighting", "mart.sales", "mart.collection_hourly"])
def test_the_reader_reads_facts_and_marts(warehouse_url: str, table: str) -> None:
    assert as_role(warehouse_url, "tidemark_reader", f"SELECT count(*) FROM {table}") == [(0,)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM ops.load_run",
        "SELECT * FROM ops.quarantine",
        "SELECT * FROM staging.observation_row",
        "SELECT ops.reported_values('{}')",
        "DELETE FROM core.sale",
        "UPDATE mart.collection_hourly SET sales = 0",
        "CREATE TABLE mart.mine (a int)",
        "CREATE TABLE core.mine (a int)",
    ],
)
def test_the_reader_does_nothing_else(warehouse_url: str, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_role(warehouse_url, "tidemark_reader", statement)


def test_everybody_may_do_nothing(warehouse_url: str) -> None:
    rights = query(
        warehouse_url,
        f"""
        WITH held AS (
            SELECT nspname AS name, coalesce(nspacl, acldefault('n', nspowner)) AS rights, oid AS schema
            FROM pg_namespace
            UNION ALL SELECT relname, relacl, relnamespace FROM pg_class
            UNION ALL SELECT proname, coalesce(proacl, acldefault('f', proowner)), pronamespace FROM pg_proc
        )
        SELECT name, privilege_type FROM held, aclexplode(rights)
        WHERE grantee = 0 AND schema::regnamespace::text IN {SCHEMAS}""",
    )
    assert rights == []


def test_the_loader_calls_its_functions(warehouse_url: str) -> None:
    higher = "ops.precedence('stream', now(), now(), 'a', now()) < ops.precedence('x', now(), now(), 'a', now())"
    assert as_role(warehouse_url, "tidemark_loader", f"SELECT ops.reported_values('{{}}'), {higher}") == [({}, True)]
    assert as_role(warehouse_url, "tidemark_loader", "SELECT count(*) FROM ops.sale_difference") == [(0,)]


@pytest.mark.parametrize(
    "statement", ["DROP TABLE core.sale_row", "CREATE TABLE core.mine (a int)", "TRUNCATE core.sale_row"]
)
def test_the_loader_changes_rows_and_no_tables(warehouse_url: str, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_role(warehouse_url, "tidemark_loader", statement)


@pytest.mark.parametrize("lock", ["end", "hour 2026-11-22T15"])
def test_a_reader_cannot_take_the_locks_of_loads(warehouse_url: str, lock: str) -> None:
    for statement in (
        f"INSERT INTO ops.load_lock VALUES ('{lock}') ON CONFLICT (name) DO UPDATE SET name = excluded.name",
        "SELECT * FROM ops.load_lock FOR UPDATE",
        "LOCK TABLE ops.load_lock IN ACCESS SHARE MODE",
        "LOCK TABLE core.sale IN ROW SHARE MODE",
        "LOCK TABLE mart.stale_day IN SHARE ROW EXCLUSIVE MODE",
        "LOCK TABLE mart.stale_day IN ROW EXCLUSIVE MODE",
        "INSERT INTO ops.recent_load (transactions) VALUES ('{}')",
        "CREATE SCHEMA tidemark_migrating",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            as_role(warehouse_url, "tidemark_reader", statement)


def test_nothing_takes_an_advisory_lock_which_every_reader_could_take_too() -> None:
    places = [*shipped("sql").rglob("*.sql"), *(Path(__file__).parents[2] / "tidemark").rglob("*.py")]
    assert [place.name for place in places if "pg_advisory" in place.read_text()] == []


def test_a_login_as_the_reader_has_limits(warehouse_url: str) -> None:
    assert query(warehouse_url, "SELECT rolconnlimit, rolconfig FROM pg_roles WHERE rolname = 'tidemark_reader'") == [
        (20, ["statement_timeout=15min", "idle_in_transaction_session_timeout=10min"])
    ]
