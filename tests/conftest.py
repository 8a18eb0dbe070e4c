"""Outside things that tests share: each is real, embedded, and started once per test process."""

import gc
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg2
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection
from xdist.scheduler import LoadFileScheduling

from tests.loading import PLANTED, Loading, left_behind
from tidemark.loader.warehouse.migrate import migrate
from tidemark.local.services.airflow import Airflow
from tidemark.local.services.postgres import UNSAFE_BUT_FAST, Postgres
from tidemark.local.services.s3 import S3Server
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator
from tidemark.storage.postgres import connected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


MEMORY, ENOUGH = Path("/dev/shm"), 4 << 30


class _ByFile(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """A file at a time; those that share the Airflow go to one process, because each process would start its own."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "airflow" if _shares_the_airflow(self.config.rootpath / file) else file


@cache  # asked for each test again
def _shares_the_airflow(file: Path) -> bool:
    return "tests.loading import" in file.read_text()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    """Tell the processes of `make test` apart by `_ByFile`."""
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with tests that share the Airflow, then those that wait for programs: no process ends alone with one."""
    sharing = {item.path for item in items if "loading" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (item.path not in sharing, not item.get_closest_marker("e2e")))


def pytest_collection_finish() -> None:
    """Leave the thousands of tests out of what is searched for garbage, again and again."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let everything be collected in the end: a library reports what is left as a leak."""
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the test's PostgreSQL said last: it knows why a connection was lost."""
    report = yield
    for server in getattr(item, "funcargs", {}).values() if report.failed else ():
        if isinstance(server, Postgres) and server.log.exists():
            report.sections.append(("The end of PostgreSQL's log", server.log.read_text(errors="replace")[-4000:]))
    return report


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """The embedded S3 of this test process; it takes small parts, so that tests need no large files."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("S3_UPLOAD_PART_MIN_SIZE", "65536")
        with S3Server() as server:
            yield server


@pytest.fixture
def s3_endpoint(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the embedded S3; the AWS_* variables of the test point there."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server.endpoint


@pytest.fixture(scope="session")
def s3_direct(s3_server: S3Server) -> "S3Client":
    """One client of the embedded S3 for all tests: a client takes longer to make than most requests."""
    return s3_server.client()


@pytest.fixture
def bucket(s3_direct: "S3Client", s3_endpoint: str) -> str:
    """A fresh, empty bucket."""
    name = f"test-{uuid4().hex}"
    s3_direct.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def in_memory() -> Iterator[Path]:
    """A folder for servers' data: in memory where there is room, for tests make and delete files all the time."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH
    with TemporaryDirectory(prefix="tidemark-tests-", dir=MEMORY if has_room else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server(in_memory: Path) -> Iterator[Postgres]:
    """The embedded PostgreSQL of this test process."""
    with Postgres(in_memory / "postgres", settings=UNSAFE_BUT_FAST | {"max_wal_size": "128MB"}) as server:
        yield server


def administer(server: Postgres, statement: str) -> None:
    connection = psycopg2.connect(server.url())
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@contextmanager
def fresh_database(server: Postgres, template: str) -> Iterator[str]:
    """A database of its own, dropped at the end."""
    name = f"test_{uuid4().hex}"
    administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.url(name)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The address of a fresh, empty database."""
    with fresh_database(postgres_server, "template0") as url:
        yield url


@pytest.fixture(scope="session")
def migrated(postgres_server: Postgres) -> str:
    """The name of a database with every migration applied, to be copied."""
    administer(postgres_server, "CREATE DATABASE migrated")
    migrate(SecretStr(postgres_server.url("migrated")))
    return "migrated"


@pytest.fixture
def warehouse_url(postgres_server: Postgres, migrated: str) -> Iterator[str]:
    """The address of a fresh, empty warehouse with every migration applied."""
    with fresh_database(postgres_server, migrated) as url:
        yield url


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[Connection]:
    """A connection to a fresh, empty warehouse."""
    with connected(SecretStr(warehouse_url)) as open_connection:
        yield open_connection


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    """A stand-in for OpenSea on a free port that sends only what the test asks for.

    It knows the keys `key-a` and `key-b`, whose clients the ledger names `collector-a` and `collector-b`.
    """
    keys = {"key-a": "collector-a", "key-b": "collector-b"}
    async with Simulator(Options(ledger=tmp_path / "ledger", keys=keys)) as running:
        yield running


@pytest.fixture(scope="session")
def loading(
    postgres_server: Postgres, s3_server: S3Server, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loading]:
    """A real Airflow, started once per test process; the hours that a test loads are its own."""
    s3_server.create_bucket("loading")
    with fresh_database(postgres_server, migrated) as warehouse, fresh_database(postgres_server, "template0") as own:
        settings = {
            "WAREHOUSE_URL": warehouse,
            "BUCKET": "loading",
            "COLLECTORS": "collector-a",
            "GRACE_PERIOD": "7200",
        }
        environment = {f"TIDEMARK_{name}": value for name, value in settings.items()} | s3_server.environment | PLANTED
        environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = "admin:admin,viewer:viewer"
        environment["AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME"] = "0.5"  # it idles beside other tests, too
        with Airflow(tmp_path_factory.mktemp("airflow"), own, environment) as airflow:
            yield Loading(airflow, s3_server.client(), "loading", warehouse)
            started = set(airflow._sessions)
        assert not left_behind(started)
