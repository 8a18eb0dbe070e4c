"""Every supported PostgreSQL holds the same; TLS is spoken with a server only where its certificate is trusted."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import psycopg2
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bench.certificate import self_signed
from bench.query import asked
from tests.conftest import administer
from tests.loader.contents import contents, one
from tests.loader.test_hours import FIRST, LAST, market, quiet
from tidemark.core.errors import Problem
from tidemark.core.hour import hours
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import load_hour
from tidemark.loader.marts import refresh_days
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.migrate import migrate
from tidemark.local.services.postgres import UNSAFE_BUT_FAST, Postgres
from tidemark.query.postgres import ask
from tidemark.storage.postgres import connected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OLDEST, NEWEST = 14, 18
# in this order by their bytes, in the other in a language that skips hyphens
APART = ("collector-b", "collectora")
WHEN_LOADED = {"hour_quality", "latency"}  # what these questions answer depends on when hours were loaded
WITH_TLS = (15, 17, 14)  # the wheel's own were built without


def server_of(folder: Path, *versions: int, **settings: str) -> Postgres:
    """Start the first of these versions that is installed; where none is, the test is skipped and says so."""
    missing = []
    for version in versions:
        server = Postgres(folder, settings=UNSAFE_BUT_FAST | settings, version=version)
        try:
            server.start()
        except Problem as problem:
            missing.append(str(problem))
        else:
            return server
    return pytest.skip("; ".join(missing))


def by_language(server: Postgres) -> str | None:
    """Make a database with texts in the order of a language that skips hyphens; None where there are none."""
    try:
        administer(
            server, "CREATE DATABASE other LOCALE_PROVIDER icu ICU_LOCALE 'en-US-u-ka-shifted' TEMPLATE template0"
        )
    except (psycopg2.errors.FeatureNotSupported, psycopg2.errors.SyntaxError):  # a wheel's; PostgreSQL 14
        return None
    assert one(server.url("other"), f"SELECT '{APART[0]}' > '{APART[1]}'")
    return server.url("other")


def loaded(settings: LoaderSettings) -> dict[str, object]:
    """Load the market, score its days and ask every question; return what the warehouse holds and answers."""
    for hour in hours(FIRST, LAST):
        load_hour(hour, settings, log=quiet)
    refresh_days(settings.warehouse_url, log=quiet)
    assert run_checks(settings.warehouse_url) == []
    answers = {name: ask(settings.warehouse_url, question, given).rows for name, question, given in asked()}
    assert answers.keys() > WHEN_LOADED
    return contents(settings.warehouse_url.get_secret_value()) | {
        name: rows for name, rows in answers.items() if name not in WHEN_LOADED
    }


@pytest.mark.parametrize("version", range(OLDEST, NEWEST))
def test_every_version_holds_the_same_whatever_its_order_of_texts(
    s3: "S3Client", settings: LoaderSettings, tmp_path: Path, version: int
) -> None:
    for recording in market(Random(1), APART):
        recording.put(s3, settings.bucket)
    with server_of(tmp_path / "postgres", version) as server:
        assert str(one(server.url(), "SHOW server_version")).startswith(str(version))
        other = settings.model_copy(update={"warehouse_url": SecretStr(by_language(server) or server.url())})
        migrate(other.warehouse_url, log=quiet)
        assert loaded(other) == loaded(settings)


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server that speaks TLS: its address, which asks for the whole verification, and its certificate."""
    certificate = tmp_path / "server.pem"
    certificate.write_bytes(self_signed())
    certificate.chmod(0o600)
    files = dict.fromkeys(("ssl_cert_file", "ssl_key_file"), str(certificate))
    with server_of(tmp_path / "postgres", *WITH_TLS, ssl="on", **files) as server:
        yield f"{server.url()}?sslmode=verify-full&sslrootcert=", certificate


def test_a_server_that_is_vouched_for_is_believed(certified: tuple[str, Path]) -> None:
    address, certificate = certified
    with connected(SecretStr(f"{address}{certificate}")) as connection:
        assert connection.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))


def test_a_server_with_another_certificate_is_told_no_password(certified: tuple[str, Path], tmp_path: Path) -> None:
    another = tmp_path / "another.pem"
    another.write_bytes(self_signed())
    with (
        pytest.raises(Problem, match="its certificate is not trusted"),
        connected(SecretStr(f"{certified[0]}{another}")),
    ):
        pass


def test_a_certificate_for_another_name_is_not_enough(certified: tuple[str, Path]) -> None:
    address, certificate = certified
    renamed = f"{address}{certificate}".replace("@127.0.0.1:", "@localhost:")
    with (
        pytest.raises(Problem, match="its certificate is not trusted"),
        connected(SecretStr(renamed)),
    ):
        pass


def test_a_server_without_tls_is_refused(postgres_url: str, tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(self_signed())
    url = SecretStr(f"{postgres_url}?sslmode=verify-full&sslrootcert={roots}")
    with pytest.raises(Problem, match="it has no TLS"), connected(url):
        pass
