import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tidemark.check.airflow import ADDRESS, DATABASE, airflow_checks
from tidemark.check.report import Result, run_checks

HEALTHY = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "healthy"}, "triggerer": {"status": None}}


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
    (result,) = run_checks("airflow", airflow_checks({DATABASE: "postgresql+psycopg2://me:s3cret@127.0.0.1:1/airflow"}))
    assert result.note.startswith("Airflow's database (127.0.0.1:1")
    assert "s3cret" not in str(result)
    (result,) = run_checks("airflow", airflow_checks({DATABASE: "sqlite:///airflow.db"}))
    assert DATABASE in result.note
