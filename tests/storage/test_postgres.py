import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from tests.conftest import administer
from tidemark.core.errors import Problem
from tidemark.loader.warehouse.migrate import migrate
from tidemark.local.ports import free_port, is_free
from tidemark.local.services.postgres import UNSAFE_BUT_FAST, Postgres
from tidemark.storage.postgres import connected, rds_token
from tools.errors_page import SECRET, asking, name_of, postgres_errors_of


def test_time_is_utc_and_what_is_not_committed_is_gone(postgres_url: str) -> None:
    with connected(SecretStr(postgres_url)) as connection:
        assert connection.scalar(text("SHOW TimeZone")) == "UTC"
        connection.execute(text("CREATE TABLE half (a int)"))
    with connected(SecretStr(postgres_url)) as connection:
        assert connection.scalar(text("SELECT to_regclass('half')")) is None


@pytest.mark.parametrize("url", ["nonsense", "mysql://user:secret@host/name", ""])
def test_an_address_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(Problem, match="not the address of a PostgreSQL database") as caught, connected(SecretStr(url)):
        pass
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["sec@ret@127.0.0.1:1/name", "sec@ret/ret@127.0.0.1:1/name", "sec@ret:ret@127.0.0.1:1/name"]
)
def test_a_password_that_is_not_encoded_is_not_taken_for_a_host_and_shown(address: str) -> None:
    with (
        pytest.raises(Problem, match="TIDEMARK_WAREHOUSE_URL") as caught,
        connected(SecretStr(f"postgresql://ann:{address}")),
    ):
        pass
    assert "ret" not in str(caught.value)
    assert "%40" in caught.value.hint


@pytest.mark.parametrize("option", ["foo=bar", "sslmode=bogus"])
def test_an_option_that_does_not_exist_is_named(postgres_url: str, option: str) -> None:
    with pytest.raises(Problem, match="invalid") as caught, connected(SecretStr(f"{postgres_url}?{option}")):
        pass
    assert "the options" in caught.value.hint


def test_time_is_utc_whatever_libpq_is_told(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGTZ", "America/New_York")
    with connected(SecretStr(postgres_url)) as connection:
        assert connection.scalar(text("SHOW TimeZone")) == "UTC"
        connection.rollback()
        assert connection.scalar(text("SHOW TimeZone")) == "UTC"


def test_a_wrong_password_is_not_repeated(postgres_url: str) -> None:
    wrong = postgres_url.replace(postgres_url.split(":")[2].split("@", maxsplit=1)[0], "guessed-it")
    with pytest.raises(Problem, match="refused the password") as caught, connected(SecretStr(wrong)):
        pass
    assert "guessed-it" not in str(caught.value)
    assert "the password" in caught.value.hint
    assert not caught.value.transient


def test_a_server_that_is_not_there_is_named(postgres_url: str) -> None:
    port = postgres_url.split(":")[3].split("/", maxsplit=1)[0]
    gone = postgres_url.replace(f":{port}/", ":1/")
    with pytest.raises(Problem, match=r"127\.0\.0\.1:1, database test_") as caught, connected(SecretStr(gone)):
        pass
    assert caught.value.transient


def test_a_server_that_goes_away_is_a_problem_of_its_own(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", settings=UNSAFE_BUT_FAST)

    def cut_off() -> None:
        with connected(SecretStr(server.url())) as connection:
            connection.execute(text("SELECT 1"))
            server.restart()
            connection.execute(text("SELECT 1"))

    with server, pytest.raises(Problem, match="connection"):
        cut_off()


@pytest.mark.parametrize("error", list(postgres_errors_of()), ids=name_of)
def test_every_error_inside_a_connection_is_what_the_page_says(postgres_server: Postgres, error: Exception) -> None:
    def fail() -> None:
        with connected(SecretStr(postgres_server.url())):
            raise error

    with pytest.raises(type(error) if "fault of Tidemark" in asking(error)[0] else Problem) as raised:
        fail()
    if isinstance(raised.value, Problem):
        assert SECRET not in str(raised.value)
        assert raised.value.what.rpartition("): ")[2] == asking(error)[0].rpartition("): ")[2]


def test_a_user_of_iam_logs_in_with_a_token_made_for_each_connection(postgres_url: str) -> None:
    parts = urlsplit(postgres_url)
    address = f"postgresql+iam://tidemark@{parts.hostname}:{parts.port}{parts.path}?sslmode=disable"
    asked: list[tuple[str | None, str | None]] = []

    def token(wanted: URL) -> str:
        asked.append((wanted.username, wanted.host))
        return unquote(parts.password or "")

    for _ in range(2):
        with connected(SecretStr(address), token=token) as connection:
            assert connection.scalar(text("SELECT current_user")) == "tidemark"
            with connection.engine.connect() as beside:
                assert beside.scalar(text("SELECT current_user")) == "tidemark"
    assert asked == [("tidemark", parts.hostname)] * 4


def test_a_token_goes_to_no_server_whose_certificate_was_not_verified(postgres_url: str) -> None:
    parts = urlsplit(postgres_url)
    address = f"postgresql+iam://tidemark@{parts.hostname}:{parts.port}{parts.path}"
    with pytest.raises(Problem) as refused, connected(SecretStr(address), token=lambda _: "the-token"):
        pass
    assert "certificate" in refused.value.what or "TLS" in refused.value.what
    assert "the-token" not in str(refused.value)


def test_the_token_is_a_signed_url_of_rds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "never-shown")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    token = urlsplit(f"//{rds_token(make_url('postgresql+iam://tidemark_loader@db.example:5433/tidemark'))}")
    assert token.netloc == "db.example:5433"
    fields = parse_qs(token.query)
    assert (fields["Action"], fields["DBUser"]) == (["connect"], ["tidemark_loader"])
    assert "/eu-central-1/rds-db/aws4_request" in fields["X-Amz-Credential"][0]
    assert "never-shown" not in token.query


def test_without_credentials_the_login_by_iam_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with (
        pytest.raises(Problem, match="no credentials were found") as caught,
        connected(SecretStr("postgresql+iam://tidemark_loader@127.0.0.1:1/tidemark")),
    ):
        pass
    assert caught.value.transient


def test_a_fault_of_the_statement_stays_what_it_is(postgres_url: str) -> None:
    with pytest.raises(Exception, match="UndefinedTable"), connected(SecretStr(postgres_url)) as connection:
        connection.execute(text("SELECT * FROM nowhere"))


@contextmanager
def pooled(url: str, folder: Path, *settings: str) -> Iterator[str]:
    """A real PgBouncer in front of a database, one server connection for each transaction."""
    parts, port = urlsplit(url), free_port()
    folder.chmod(0o755)
    for above in folder.parents[:3]:
        above.chmod(above.stat().st_mode | 0o055)
    users, config = folder / "users", folder / "pgbouncer.ini"
    users.write_text(f'"{parts.username}" "{unquote(parts.password or "")}"\n')
    lines = ["[databases]", f"* = host={parts.hostname} port={parts.port}", "[pgbouncer]", "listen_addr = 127.0.0.1",
             f"listen_port = {port}", "unix_socket_dir =", "auth_type = scram-sha-256", f"auth_file = {users}",
             "user = nobody", "pool_mode = transaction", *settings]  # fmt: skip
    config.write_text("\n".join(lines))
    with subprocess.Popen(["pgbouncer", "-q", config], stderr=subprocess.DEVNULL) as bouncer:
        try:
            while is_free(port) and bouncer.poll() is None:
                time.sleep(0.02)
            yield url.replace(f":{parts.port}/", f":{port}/")
        finally:
            bouncer.terminate()


@pytest.mark.skipif(not shutil.which("pgbouncer"), reason="needs: apt-get install pgbouncer")
def test_behind_pgbouncer_everything_is_as_it_is_without(postgres_url: str, tmp_path: Path) -> None:
    with pooled(postgres_url, tmp_path, "default_pool_size = 3") as url:
        assert migrate(SecretStr(url), log=str)
        assert migrate(SecretStr(url), log=str, wait=1) == []  # the first left no lock behind
        with connected(SecretStr(url)) as connection:
            assert connection.scalar(text("SHOW TimeZone")) == "UTC"
            assert connection.scalar(text("SHOW client_encoding")) == "UTF8"
        wrong = url.replace(urlsplit(url).password or "", "guessed-it")
        with pytest.raises(Problem, match="refused the password"), connected(SecretStr(wrong)):
            pass
        nowhere = f"{url.rpartition('/')[0]}/nowhere"
        with pytest.raises(Problem, match="the database does not exist"), connected(SecretStr(nowhere)):
            pass


def test_a_warehouse_that_is_read_only_may_be_the_old_primary(postgres_server: Postgres, postgres_url: str) -> None:
    name = urlsplit(postgres_url).path[1:]
    administer(postgres_server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(Problem, match="read-only: a standby, one that failed over, or by default_") as caught:
        migrate(SecretStr(postgres_url), log=str)
    assert caught.value.transient
    administer(postgres_server, f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert migrate(SecretStr(postgres_url), log=str)


def test_a_limit_of_time_is_named_and_not_taken_for_a_server_that_is_down(
    postgres_server: Postgres, postgres_url: str
) -> None:
    name = urlsplit(postgres_url).path[1:]
    administer(postgres_server, f"ALTER DATABASE {name} SET statement_timeout = '20ms'")
    with pytest.raises(Problem, match="statement_timeout") as caught, connected(SecretStr(postgres_url)) as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    assert not caught.value.transient
    assert "ALTER ROLE" in caught.value.hint


LIMITS = ("transaction_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout")


@pytest.fixture
def limited(postgres_server: Postgres, warehouse_url: str) -> Iterator[str]:
    """The address of a warehouse for a user who is nothing yet, and whose sessions are ended after a second."""
    administer(postgres_server, "CREATE ROLE limited LOGIN PASSWORD 's3cret'")
    head, _, place = warehouse_url.partition("@")
    yield f"{head.rpartition('//')[0]}//limited:s3cret@{place}"
    administer(postgres_server, f"ALTER DATABASE {urlsplit(warehouse_url).path[1:]} OWNER TO tidemark")
    administer(postgres_server, "DROP ROLE limited")


def past_the_limit(url: str, limit: str) -> None:
    with connected(SecretStr(url)) as connection:
        connection.execute(text("SELECT 1"))
        if limit == "idle_session_timeout":
            connection.commit()
        time.sleep(1.3)
        connection.execute(text("SELECT 1"))


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_that_ends_the_session_is_named_and_is_lifted_for_whoever_loads(
    postgres_server: Postgres, limited: str, limit: str
) -> None:
    administer(postgres_server, f"ALTER ROLE limited SET {limit} = '1s'")  # whoever loads has to lift it before
    with pytest.raises(Problem, match="the connection was cut") as caught:
        past_the_limit(limited, limit)
    assert limit in caught.value.hint
    administer(postgres_server, "GRANT tidemark_loader TO limited")
    past_the_limit(limited, limit)


def test_the_owner_of_a_database_migrates_without_a_limit(postgres_server: Postgres, limited: str) -> None:
    administer(postgres_server, "ALTER ROLE limited SET idle_session_timeout = '1s'")
    name = urlsplit(limited).path[1:]
    administer(postgres_server, f"ALTER DATABASE {name} OWNER TO limited")
    past_the_limit(limited, "idle_session_timeout")
