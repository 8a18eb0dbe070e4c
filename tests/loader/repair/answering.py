"""A stand-in of the Events API that gives prepared answers one after the other, over a real socket."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

ANSWERS = Path(__file__).parents[2] / "fixtures/events_api/answers"


@contextmanager
def answering(answers: list[dict[str, Any]]) -> Iterator[str]:
    """Serve answers in turn, the last one again and again; yields the address.

    Each has `json` or `text` as its body; `status` and `headers` where they are not 200 and JSON.
    """
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = left.pop(0) if len(left) > 1 else left[0]
            body = (answer["text"] if "text" in answer else json.dumps(answer["json"])).encode()
            self.send_response(answer.get("status", 200))
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
            for name, value in (headers | answer.get("headers", {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def answers_of(name: str) -> list[dict[str, Any]]:
    """Return the answers of a file of `tests/fixtures/events_api/answers/`."""
    answers: list[dict[str, Any]] = json.loads((ANSWERS / f"{name}.json").read_text())
    return answers
