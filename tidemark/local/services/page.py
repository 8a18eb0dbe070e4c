"""The page by itself, read-only, on loopback: a process of its own, for `tidemark up`.

`python -P -m tidemark.local.services.page PORT AIRFLOW` prints its address and serves the warehouse of
TIDEMARK_WAREHOUSE_URL; AIRFLOW is the address of the page that can load an hour again.
"""

import sys
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from tidemark.core.errors import Problem
from tidemark.local.ports import HOST
from tidemark.local.process import Process
from tidemark.query.page.html import POLICY, Home, html_of, html_of_problem
from tidemark.query.page.page import asked_of, month_page
from tidemark.storage.settings import WarehouseSettings

_START_TIMEOUT = 60.0


class PageProcess(Process):
    """The process; it is started when it answers."""

    def __init__(self, folder: Path, environment: dict[str, str], *, port: int, airflow: str) -> None:
        command = [sys.executable, "-P", "-m", __name__, str(port), airflow]
        super().__init__("page", command, environment, folder / "output.log")
        self.url = f"http://{HOST}:{port}"

    def start(self) -> "PageProcess":
        """Start it, and wait until it listens."""
        super().start()
        if not self.first_line(_START_TIMEOUT).startswith("http://"):
            failure = self.failure("it did not start")
            self.stop()
            raise failure
        return self


class Handler(BaseHTTPRequestHandler):
    """Answers GET with the page."""

    url: SecretStr
    airflow: str
    names: frozenset[str]  # by which a browser may call this server; another one is a trick of another site

    def do_GET(self) -> None:
        """Answer with the page, or with what is wrong."""
        if self.headers.get("Host") not in self.names:
            return self._answer(HTTPStatus.MISDIRECTED_REQUEST, "This server is called by another name.")
        address = urlsplit(self.path)
        if address.path != "/":
            return self._answer(HTTPStatus.NOT_FOUND, "Nothing is here; the page is at /")
        try:
            page = month_page(self.url, asked_of(dict(parse_qsl(address.query))), datetime.now(UTC))
        except Problem as problem:
            return self._answer(HTTPStatus.SERVICE_UNAVAILABLE, html_of_problem(problem))
        return self._answer(HTTPStatus.OK, html_of(page, Home(airflow=self.airflow)))

    def _answer(self, status: HTTPStatus, html: str) -> None:
        body = html.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", f"{POLICY}; frame-ancestors 'none'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write nothing: an address may hold what a person asked for."""


def server(port: int, url: SecretStr, airflow: str) -> ThreadingHTTPServer:
    """Return the server, listening on a port of loopback; 0 takes a free one."""

    class Bound(Handler):
        pass

    listening = ThreadingHTTPServer((HOST, port), Bound)
    Bound.url, Bound.airflow = url, airflow
    Bound.names = frozenset(f"{name}:{listening.server_port}" for name in (HOST, "localhost"))
    return listening


if __name__ == "__main__":
    with server(int(sys.argv[1]), WarehouseSettings().warehouse_url, sys.argv[2]) as serving:
        print(f"http://{HOST}:{serving.server_port}", flush=True)
        serving.serve_forever()
