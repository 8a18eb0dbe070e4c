import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from tidemark.check.airflow import ADDRESS, DATABASE, airflow_checks, connections
from tidemark.check.report import Check, Result, run_checks

HEALTHY = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}, "triggerer": {"status": None}}

HOUSE = SimpleNamespace(conn_id="tidemark_warehouse", host="db", schema="nft", login="me", password="s3cret", port=5432,
                        extra_dejson={})  # fmt: skip


@contextmanager
def airflow(answer: object, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def health(address: str) -> Result:
    (result,) = run_checks("airflow", airflow_checks({ADDRESS: address}))
    return result


@pytest.mark.parametrize(
    ("answer", "status", "state", "told"),
    [
        (HEALTHY, 200, "ok", "scheduler healthy"),
        (HEALTHY | {"scheduler": {"status": "unhealthy"}}, 200, "failed", "scheduler is not healthy"),
        ([], 404, "failed", "HTTP 404"),
        ("no health", 200, "failed", "not as Airflow does"),
    ],
)
def test_health_is_that_of_every_part(answer: object, status: int, state: str, told: str) -> None:
    with airflow(answer, status) as address:
        result = health(address)
    assert result.state == state
    assert told in result.note


def test_what_is_out_of_reach_says_why_without_a_password() -> None:
    assert "the connection was refused" in health("http://127.0.0.1:1").note
    database = {DATABASE: "postgresql+psycopg2://me:s3cret@127.0.0.1:1/airflow"}
    (result,) = run_checks("airflow", airflow_checks(database)[:1])
    assert result.note.startswith("Airflow's database (127.0.0.1:1")
    assert "s3cret" not in str(result)
    (result,) = run_checks("airflow", airflow_checks({DATABASE: "sqlite:///airflow.db"})[:1])
    assert DATABASE in result.note


@pytest.mark.parametrize(
    ("found", "environ", "state", "told"),
    [
        ({"tidemark_warehouse": HOUSE}, {"OPENSEA_API_KEY": "k"}, "ok", "warehouse: connection tidemark_warehouse"),
        ({}, {"TIDEMARK_WAREHOUSE_URL": "postgresql://x/y", "OPENSEA_API_KEY": "k"}, "ok", "TIDEMARK_WAREHOUSE_URL"),
        ({"tidemark_warehouse": HOUSE}, {}, "warning", "neither the connection opensea_default nor OPENSEA_API_KEY"),
        ({}, {}, "failed", "neither the connection tidemark_warehouse nor TIDEMARK_WAREHOUSE_URL"),
        ({"tidemark_warehouse": SimpleNamespace(**vars(HOUSE) | {"host": ""})}, {}, "failed", "lacks its host"),
    ],
)
def test_connections_are_found_before_a_task_looks_for_them(
    found: dict[str, Any], environ: dict[str, str], state: str, told: str
) -> None:
    (result,) = run_checks("airflow", [Check("connections", lambda: connections(found.get, environ))])
    assert (result.state, told in result.note) == (state, True)
    assert "s3cret" not in str(result)
