import json
from typing import Any

import pytest
from airflow.sdk import Connection
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from tidemark.airflow.connections import in_task, loader_settings, s3_access, sources, warehouse_url
from tidemark.core.errors import Problem
from tidemark.storage.s3_client import s3_client

KEYS = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": "hush"}


def connection(conn_id: str, extra: dict[str, Any] | None = None, **parts: Any) -> Connection:
    return Connection(conn_id=conn_id, conn_type="x", extra=json.dumps(extra or {}), **parts)


HOUSE = connection("tidemark_warehouse", host="db", schema="nft", login="me", password="p@ss/w", port=6543)


@pytest.fixture(autouse=True)
def _bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_BUCKET", "tide")
    monkeypatch.delenv("TIDEMARK_WAREHOUSE_URL", raising=False)


def test_a_connection_wins_over_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSEA_API_KEY", "of-the-environment")
    found = {"tidemark_warehouse": HOUSE, "opensea_default": connection("opensea_default", password="of-airflow"),
             "aws_default": connection("aws_default", {"region_name": "eu-central-1"}, login="AKIA1",
                                      password="hush")}  # fmt: skip
    lines: list[str] = []
    settings = loader_settings(found.get, {"TIDEMARK_WAREHOUSE_URL": "postgresql://other/one"}, lines.append)
    assert settings.warehouse_url.get_secret_value() == "postgresql://me:p%40ss%2Fw@db:6543/nft"
    assert settings.opensea_api_key
    assert settings.opensea_api_key.get_secret_value() == "of-airflow"
    assert settings.s3_access == KEYS | {"region_name": "eu-central-1"}
    assert lines == ["warehouse: connection tidemark_warehouse", "archive: connection aws_default",
                     "Events API: connection opensea_default"]  # fmt: skip
    assert "hush" not in repr(settings)
    assert "hush" not in "".join(lines)


def test_without_connections_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", "postgresql://me@db/nft")
    lines: list[str] = []
    settings = loader_settings(lambda _: None, {"TIDEMARK_WAREHOUSE_URL": "postgresql://me@db/nft"}, lines.append)
    assert settings.warehouse_url.get_secret_value() == "postgresql://me@db/nft"
    assert settings.s3_access == {}
    assert lines[:2] == ["warehouse: TIDEMARK_WAREHOUSE_URL", "archive: what boto3 finds"]
    assert "no key; neither the connection opensea_default nor OPENSEA_API_KEY holds one" in lines[2]


def test_what_is_missing_is_said_with_the_command_that_adds_it() -> None:
    with pytest.raises(
        Problem, match="neither the connection tidemark_warehouse nor TIDEMARK_WAREHOUSE_URL"
    ) as problem:
        loader_settings(lambda _: None, {})
    assert "airflow connections add tidemark_warehouse" in problem.value.hint


def test_another_setting_that_is_wrong_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDEMARK_BUCKET")
    with pytest.raises(Problem, match="TIDEMARK_BUCKET: Field required"):
        loader_settings({"tidemark_warehouse": HOUSE}.get, {})


def test_the_connection_for_s3_can_have_another_name() -> None:
    aws = connection("archive_reader", login="AKIA1", password="hush")
    found = {"tidemark_warehouse": HOUSE, "archive_reader": aws}
    assert loader_settings(found.get, {"TIDEMARK_AWS_CONN_ID": "archive_reader"}).s3_access == KEYS


def test_the_empty_connection_that_airflow_makes_leaves_boto3_to_itself() -> None:
    assert s3_access(connection("aws_default")) == {}
    assert sources(HOUSE, None, None, {})[1] == "archive: what boto3 finds"


def test_a_connection_that_needs_airflows_provider_says_so_where_it_is_missing() -> None:
    with pytest.raises(Problem, match="holds role_arn, which only Airflow's AWS provider can read") as problem:
        s3_access(connection("aws_default", {"role_arn": "arn:aws:iam::1:role/x", "region_name": "eu-central-1"}))
    assert "apache-airflow-providers-amazon" in problem.value.hint


@pytest.mark.parametrize("lacking", ["host", "schema"])
def test_half_a_warehouse_is_refused(lacking: str) -> None:
    parts = {"host": "db", "schema": "nft"} | {lacking: None}
    with pytest.raises(Problem, match="lacks its host or its database"):
        warehouse_url(connection("tidemark_warehouse", **parts))


# the name of a database may hold a question mark only with SQLAlchemy 2.1
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
       st.text(st.characters(codec="utf-8", exclude_characters="?"), min_size=1, max_size=20))  # fmt: skip
def test_any_password_survives(password: str, database: str) -> None:
    url = make_url(
        warehouse_url(connection("w", {"sslmode": "require"}, host="h", schema=database, login="u", password=password))
    )
    assert (url.password, url.database, dict(url.query)) == (password, database, {"sslmode": "require"})  # fmt: skip


def test_a_client_takes_what_a_connection_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "environment")
    client = s3_client(KEYS | {"region_name": "eu-west-3", "endpoint_url": "http://127.0.0.1:1"})
    credentials = client._request_signer._credentials  # type: ignore[attr-defined]
    assert (credentials.access_key, credentials.secret_key, credentials.token) == ("AKIA1", "hush", None)
    assert (client.meta.region_name, client.meta.endpoint_url) == ("eu-west-3", "http://127.0.0.1:1")


def test_a_task_asks_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TIDEMARK_WAREHOUSE", "postgres://me:secret@db:6543/nft?sslmode=require")
    found = in_task("tidemark_warehouse")
    assert warehouse_url(found) == "postgresql://me:secret@db:6543/nft?sslmode=require"
    assert in_task("no_such_connection") is None
