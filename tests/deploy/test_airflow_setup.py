"""What runs before Airflow's services on its machine, as often as they start: users and a database of Airflow's own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg2
import pytest

from tests.conftest import administer, fresh_database
from tests.loader.contents import one, query
from tidemark.local.services.postgres import Postgres

LIB = Path(__file__).parents[2] / "deploy" / "lib"
PASSWORDS = {"owner": "o@/:", "loader": "l o?", "airflow": "a'b%"}
Environ = dict[str, str]
pytestmark = pytest.mark.postgres


def address(url: str, user: str, database: str = "", scheme: str = "postgresql") -> str:
    """Return a warehouse's address for another user, whose password needs quoting, or for another database."""
    parts = urlsplit(url)
    login = f"{user}:{quote(PASSWORDS[user.rpartition('_')[2]], safe='')}"
    return f"{scheme}://{login}@{parts.hostname}:{parts.port}/{database or parts.path[1:]}"


@pytest.fixture
def environment(postgres_server: Postgres, migrated: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A database whose owner may create roles and databases and is no superuser, as on RDS."""
    with fresh_database(postgres_server, "template0") as url:
        query(url, f"CREATE ROLE setup_owner LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORDS['owner']}'")
        query(url, f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO setup_owner")
        try:
            (tmp_path / "airflow").write_text(f"""#!/bin/sh
                if [ "$1 $2" = "pools get" ]; then exec test -e {tmp_path}/pool-of-"$3"; fi
                echo airflow "$@" >>{tmp_path}/ran
                env >>{tmp_path}/env
                """)
            (tmp_path / "airflow").chmod(0o755)
            (tmp_path / "tidemark").symlink_to(Path(sys.executable).parent / "tidemark")
            (tmp_path / "python").symlink_to(sys.executable)
            yield {
                **os.environ,
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "PYTHONPATH": os.pathsep.join(sys.path),
                "AIRFLOW_HOME": str(tmp_path / "airflow-home"),
                "AIRFLOW__CORE__DAGS_FOLDER": "/dags",
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address(
                    url, "setup_airflow", "setup_airflow", "postgresql+psycopg2"
                ),
                "TIDEMARK_OWNER_URL": address(url, "setup_owner"),
                "TIDEMARK_WAREHOUSE_URL": address(url, "setup_loader"),
            }
        finally:
            administer(postgres_server, "DROP DATABASE IF EXISTS setup_airflow")
            query(url, "DROP OWNED BY setup_owner CASCADE")
            query(url, f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO tidemark")
            query(url, "DROP ROLE IF EXISTS setup_loader, setup_airflow, rds_iam; DROP ROLE setup_owner")


def test_it_makes_what_the_services_need_and_a_second_start_finds_it(
    environment: Environ, postgres_server: Postgres, tmp_path: Path
) -> None:
    query(postgres_server.url(), "GRANT tidemark_loader TO setup_owner WITH ADMIN OPTION")
    subprocess.run([LIB / "airflow-setup"], env=environment, check=True)
    (name,) = json.loads((LIB.parents[1] / "dags" / "pools.json").read_text())
    (tmp_path / f"pool-of-{name}").touch()
    subprocess.run([LIB / "airflow-setup"], env=environment, check=True)
    first = ["airflow db migrate", "airflow pools import /dags/pools.json"]
    assert (tmp_path / "ran").read_text().splitlines() == [*first, "airflow db migrate"]  # its slots may be a person's
    assert "TIDEMARK_OWNER_URL" not in (tmp_path / "env").read_text()
    loader = environment["TIDEMARK_WAREHOUSE_URL"]
    assert query(
        loader, "SELECT current_user::text, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    ) == [("setup_loader", False, False)]
    assert one(loader, "SELECT has_table_privilege('core.sale_row', 'INSERT')") is True
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(loader, "CREATE TABLE core.mine (a int)")
    airflow = environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    query(airflow, "CREATE TABLE IF NOT EXISTS of_airflow (a int)")


def test_a_machine_that_may_not_migrate_starts_only_where_nothing_is_missing(
    environment: Environ, postgres_server: Postgres, tmp_path: Path
) -> None:
    query(postgres_server.url(), "GRANT tidemark_loader TO setup_owner WITH ADMIN OPTION")
    without = {name: value for name, value in environment.items() if name != "TIDEMARK_OWNER_URL"}
    without["TIDEMARK_OWNER_SECRET_ID"] = "tidemark/warehouse/master"
    refused = subprocess.run([LIB / "airflow-setup"], env=without, check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "set MayMigrate to true" in refused.stderr
    assert not (tmp_path / "ran").exists()
    subprocess.run([LIB / "airflow-setup"], env=environment, check=True)
    subprocess.run([LIB / "airflow-setup"], env=without, check=True)
    assert len((tmp_path / "ran").read_text().splitlines()) == 4


def test_a_rotated_password_holds_after_the_next_start(environment: Environ, postgres_server: Postgres) -> None:
    query(postgres_server.url(), "GRANT tidemark_loader TO setup_owner WITH ADMIN OPTION")
    command = [sys.executable, LIB / "database-users"]
    subprocess.run(command, env=environment, check=True)
    rotated = environment["TIDEMARK_WAREHOUSE_URL"].replace("l%20o%3F", "another")
    subprocess.run(command, env={**environment, "TIDEMARK_WAREHOUSE_URL": rotated}, check=True)
    assert one(rotated, "SELECT 1") == 1
    with pytest.raises(psycopg2.OperationalError):
        query(environment["TIDEMARK_WAREHOUSE_URL"], "SELECT 1")


def test_a_user_of_iam_gets_the_role_of_rds_and_no_password(environment: Environ, postgres_server: Postgres) -> None:
    query(postgres_server.url(), "GRANT tidemark_loader TO setup_owner WITH ADMIN OPTION")
    query(postgres_server.url(), "CREATE ROLE rds_iam; GRANT rds_iam TO setup_owner WITH ADMIN OPTION")
    by_iam = environment["TIDEMARK_WAREHOUSE_URL"].replace("postgresql:", "postgresql+iam:")
    subprocess.run(
        [sys.executable, LIB / "database-users"], env={**environment, "TIDEMARK_WAREHOUSE_URL": by_iam}, check=True
    )
    assert query(
        postgres_server.url(),
        "SELECT pg_has_role('setup_loader', 'rds_iam', 'MEMBER'), rolpassword IS NULL, rolcanlogin FROM pg_authid "
        "WHERE rolname = 'setup_loader'",
    ) == [(True, True, True)]
