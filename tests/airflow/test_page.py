"""Which requests may load an hour; tests/e2e/test_page_in_airflow.py asks a real Airflow for the rest."""

import warnings
from datetime import UTC, datetime
from types import ModuleType

import pytest
from airflow.sdk import Connection
from fastapi import HTTPException, Request
from sqlalchemy import create_engine, select

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour

pytestmark = pytest.mark.airflow
HOST = ("host", "airflow.example")


@pytest.fixture(scope="module")
def page() -> ModuleType:
    """The module; what Airflow's own modules warn of at their import is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tidemark.airflow import page
    return page


def request(*headers: tuple[str, str]) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return Request({"type": "http", "method": "POST", "path": "/load", "query_string": b"", "headers": raw})


@pytest.mark.parametrize(
    "headers",
    [
        [("sec-fetch-site", "same-origin"), ("origin", "https://airflow.example")],
        [("origin", "http://airflow.example")],
        [("authorization", "Bearer abc")],
    ],
)
def test_airflows_own_page_and_a_program_may_load(page: ModuleType, headers: list[tuple[str, str]]) -> None:
    page._refuse_other_sites(request(HOST, *headers))


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("origin", "null")],
        [("origin", "https://evil.example")],
        [("sec-fetch-site", "none"), ("origin", "https://airflow.example")],
        [("sec-fetch-site", "cross-site"), ("origin", "https://airflow.example")],
        [("authorization", "Basic abc")],
    ],
)
def test_another_sites_page_may_not(page: ModuleType, headers: list[tuple[str, str]]) -> None:
    with pytest.raises(HTTPException, match="403"):
        page._refuse_other_sites(request(HOST, *headers))


def test_the_page_follows_a_run_under_an_address_of_its_own(page: ModuleType) -> None:
    now = datetime(2026, 11, 22, 15, tzinfo=UTC)
    assert page._refresh({"hour": "2026-11-22T14", "at": "1"}, now) == "3; url=?hour=2026-11-22T14&at=1795359600#hour"


@pytest.mark.parametrize(
    ("key", "form", "shown"),
    [
        ("2026-11-22T15", {}, True),
        ("2026-11-22T14", None, False),
        (None, {}, False),
        (None, {"hour": "2026-11-22T15"}, True),
        (None, {"hour": "2026-11-22T15", "last_hour": None}, True),
        (None, {"hour": "2026-11-22T14", "last_hour": None}, False),
        (None, {"hour": "2026-11-22T16"}, False),
        (None, {"hour": "2026-11-21T23", "last_hour": "2026-11-22T15"}, True),
        (None, {"hour": "2026-11-22T15", "last_hour": "2026-11-23T00"}, True),
        (None, {"hour": "2026-11-22T10", "last_hour": "2026-11-22T14"}, False),
        (None, {"hour": "2026-11-22T16", "last_hour": "2026-11-22T18"}, False),
    ],
)
def test_a_run_is_one_of_every_hour_that_its_key_or_its_form_names(
    page: ModuleType, key: str | None, form: dict[str, str] | None, shown: bool
) -> None:
    runs, at = page.DagRun.__table__, datetime(2026, 11, 22, tzinfo=UTC)
    engine = create_engine("sqlite://")
    runs.create(engine)
    row = {"dag_id": "load_sales", "run_id": "one", "run_after": at, "run_type": "manual", "state": "success",
           "log_template_id": 1, "partition_key": key, "conf": form}  # fmt: skip
    with engine.begin() as connection:
        connection.execute(runs.insert(), [row])
        found = connection.scalars(select(page.DagRun.run_id).where(page._loads(Hour.parse("2026-11-22T15")))).all()
    assert found == (["one"] if shown else [])


@pytest.mark.parametrize("status", [401, 403, 422])
def test_every_refusal_says_what_to_do(page: ModuleType, status: int) -> None:
    assert page._refusal(status).hint


def test_the_connection_wins_over_the_variable(page: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", "postgresql://variable/one")
    house = Connection(
        conn_id="tidemark_warehouse", conn_type="postgres", host="db", schema="nft", login="me", password="p"
    )
    named = {"tidemark_warehouse": house}
    assert page._warehouse_url(named.get).get_secret_value() == "postgresql://me:p@db/nft"
    assert page._warehouse_url({}.get).get_secret_value() == "postgresql://variable/one"
    monkeypatch.delenv("TIDEMARK_WAREHOUSE_URL")
    with pytest.raises(Problem, match="neither the connection tidemark_warehouse"):
        page._warehouse_url({}.get)
