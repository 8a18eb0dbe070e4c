"""A real HTTP server that answers as a chat's webhook does, with the statuses of a script."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Chat:
    """What was posted and taken, and the answers still to be given: (status, headers); then 200.

    Status 0 is no answer until the client has gone, 1 an answer that is no HTTP.
    """

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.script: list[tuple[int, dict[str, str]]] = []
        self.requests = 0
        self.address = ""
        self.root = ""

    @property
    def texts(self) -> list[str]:
        return [body["text"] for body in self.taken]


@contextmanager
def chat() -> Iterator[Chat]:
    found = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers = found.script.pop(0) if found.script else (200, {})
            found.requests += 1
            if status < 2:
                self.wfile.write(b"\x00 what is this\r\n") if status else self.rfile.read(1)
                self.close_connection = True
                return
            if status < 300:
                found.taken.append(body)
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    found.root = f"http://127.0.0.1:{server.server_port}"
    found.address = f"http://127.0.0.1:{server.server_port}/services/T0/B0/secret-token"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
