"""An S3 server in front of the embedded S3: as S3 does, it checks bodies and takes one conditional write at a time.

On demand it fails one kind of request.
"""

import base64
import hashlib
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

OPERATIONS = ("put", "create", "part", "complete", "head", "manifest", "probe")
ANSWERS = {
    "403": (403, "AccessDenied"),
    "404": (404, "NoSuchBucket"),
    "412": (412, "PreconditionFailed"),
    "429": (429, "SlowDown"),
    "503": (503, "SlowDown"),
    "500": (500, "InternalError"),
}
CONNECTIONS = ("reset", "half", "timeout", "cut", "lost")
FAULTS = (*ANSWERS, *CONNECTIONS, "checksum")
_TIMEOUT = 60.0  # a client gives up sooner


def operation(method: str, path: str) -> str:
    """Name what a request asks for."""
    url = urlsplit(path)
    if "/probe/" in url.path:
        return "probe"
    if method == "POST":
        return "complete" if "uploadId" in url.query else "create"
    if method == "PUT":
        return "part" if "partNumber" in url.query else "manifest" if "/manifests/" in url.path else "put"
    return method.lower()


@dataclass
class FaultyS3:
    """Where the S3 behind it is, and which fault the next requests of one operation meet.

    Faults: an answer's status · `reset` before anything is read · `half`, reset in the middle of the body ·
    `timeout` without an answer · `cut` in the middle of
    the answer · `lost`, the answer to a request that took effect · `checksum`, a flipped bit on the way.
    """

    upstream: str
    endpoint: str = ""
    requests: list[str] = field(default_factory=list)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    fired: int = 0
    atomic: Lock = field(default_factory=Lock)
    closing: Event = field(default_factory=Event)
    _fault: str = ""
    _operation: str = ""
    _times: int = 0
    _lock: Lock = field(default_factory=Lock)

    def fail(self, fault: str, operation: str, times: int = 1) -> None:
        """Let the next requests of an operation meet a fault."""
        self._fault, self._operation, self._times = fault, operation, times

    @property
    def waiting(self) -> bool:
        """Whether the next fault is a timeout."""
        return self._fault == "timeout" and self._times > 0

    def fault(self, operation: str) -> str:
        """Return the fault that a request meets, empty for none."""
        with self._lock:
            self.requests.append(operation)
            if operation != self._operation or not self._times:
                return ""
            self._times -= 1
            self.fired += 1
            return self._fault


@contextmanager
def faulty_s3(endpoint: str) -> Iterator[FaultyS3]:
    """Open one on a free port."""
    faulty = FaultyS3(endpoint)
    handler = type("Handler", (_Handler,), {"faulty": faulty})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    faulty.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield faulty
    finally:
        faulty.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    faulty: FaultyS3
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        self.close_connection = True
        asked = operation(self.command, self.path)
        self.faulty.headers[asked] = {name.lower(): value for name, value in self.headers.items()}
        fault = self.faulty.fault(asked)
        if fault == "reset":
            return self._reset()
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length // 2 if fault == "half" else length)
        if fault == "half":
            return self._reset()
        if fault == "timeout":
            self.faulty.closing.wait(_TIMEOUT)
        elif fault in ANSWERS:
            self._refuse(*ANSWERS[fault])
        elif fault == "checksum" and asked != "head":
            self._forward(bytes([body[0] ^ 1]) + body[1:] if body else body, must_have_body=True)
        else:
            self._forward(body, fault)
        return None

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815

    def _forward(self, body: bytes, fault: str = "", *, must_have_body: bool = False) -> None:
        checksum = self.headers.get("x-amz-checksum-sha256")
        sent = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if (checksum and checksum != sent) or must_have_body:
            return self._refuse(400, "BadDigest")
        upstream = HTTPConnection(urlsplit(self.faulty.upstream).netloc)
        with self.faulty.atomic if "If-None-Match" in self.headers else nullcontext():
            upstream.request(self.command, self.path, body, dict(self.headers.items()))
            answer = upstream.getresponse()
            data = answer.read()
        self._answer(answer, data, fault)
        upstream.close()
        return None

    def _answer(self, answer: HTTPResponse, data: bytes, fault: str) -> None:
        if fault == "lost":
            return self._reset()
        if fault == "cut":
            self.wfile.write(f"HTTP/1.1 {answer.status} OK\r\nx-amz-".encode())
            return None
        self.send_response(answer.status)
        headers = {name.lower(): value for name, value in answer.getheaders()}
        if fault == "checksum":
            headers["x-amz-checksum-sha256"] = base64.b64encode(bytes(32)).decode()
        for name in headers.keys() - {"connection", "date", "server", "transfer-encoding"}:
            self.send_header(name, headers[name])
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
        return None

    def _refuse(self, status: int, code: str) -> None:
        body = b"" if self.command == "HEAD" else f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def log_message(self, *_: object) -> None:
        pass
