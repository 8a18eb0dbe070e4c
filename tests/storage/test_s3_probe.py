"""An endpoint that overwrites is found out, wherever and however it does."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tidemark.storage.object_store import Proof, StoreUnavailableError, print_proof, read_proof
from tidemark.storage.s3 import S3Store
from tidemark.storage.s3_client import s3_client

REFUSAL = "<Error><Code>{}</Code><Message>no</Message></Error>"


class Lax(BaseHTTPRequestHandler):
    """A small S3 that does what `traits` say: which conditions it honours, which headers it refuses."""

    traits: frozenset[str] = frozenset()
    meanwhile = ""
    objects: dict[str, bytes]
    requests: list[str]
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        if self.objects and self.command == self.meanwhile:  # another's probe is over, once
            type(self).meanwhile = ""
            self.objects.clear()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.requests.append(f"{self.command} {unquote(url.path)}")
        in_parts = "uploadId" in query and self.command == "POST"
        conditional = self.headers.get("If-None-Match") == "*"
        if conditional and "refuses conditions" in self.traits:
            return self.answer(501, REFUSAL.format("NotImplemented"))
        if self.headers.get("x-amz-checksum-sha256") and "refuses checksums" in self.traits:
            return self.answer(501, REFUSAL.format("NotImplemented"))
        if self.headers.get("x-amz-server-side-encryption") and "refuses encryption" in self.traits:
            return self.answer(400, "")
        honoured = "overwrites" not in self.traits and not (in_parts and "overwrites in parts" in self.traits)
        if conditional and honoured and url.path in self.objects:
            return self.answer(412, REFUSAL.format("PreconditionFailed"))
        return self.serve(url.path, query, body)

    def serve(self, path: str, query: dict[str, list[str]], body: bytes) -> None:
        if self.command == "POST" and "uploads" in query:
            return self.answer(200, "<R><UploadId>1</UploadId></R>")
        if self.command == "DELETE" and "denies deletes" in self.traits:
            return self.answer(403, REFUSAL.format("AccessDenied"))
        if self.command == "DELETE" and "uploadId" not in query:
            self.objects.pop(path, None)
        if (self.command == "PUT" and "uploadId" not in query) or (self.command == "POST" and "uploadId" in query):
            self.objects[path] = body
        if self.command in ("HEAD", "GET") and path not in self.objects:
            return self.answer(404, "")
        reading = self.command in ("HEAD", "GET")
        text = self.objects[path].decode() if reading else "<R/>" if self.command == "POST" else ""
        return self.answer(200, text, "AES256" if "encrypts" in self.traits else "")

    def answer(self, status: int, body: str, encryption: str = "") -> None:
        self.send_response(status)
        self.send_header("ETag", '"1"')
        if encryption:
            self.send_header("x-amz-server-side-encryption", encryption)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode() if self.command != "HEAD" else b"")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


Serve = Callable[..., type[Lax]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a server with some traits and let boto3 find it."""
    servers: list[ThreadingHTTPServer] = []

    def start(*traits: str) -> type[Lax]:
        handler = type("Handler", (Lax,), {"traits": frozenset(traits), "objects": {}, "requests": []})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        settings = {"ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}", "ACCESS_KEY_ID": "x"}
        for name, value in {**settings, "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "us-east-1"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        return handler

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def store(**options: object) -> S3Store:
    return S3Store(s3_client(attempts=1), "tide", **options)  # type: ignore[arg-type]


def found(proof: Proof) -> tuple[bool, bool, bool]:
    return proof.whole, proof.parts, proof.checksums


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ((), (True, True, True)),
        (("overwrites in parts",), (True, False, True)),
        (("refuses checksums",), (True, True, False)),
    ],
)
def test_an_endpoint_that_puts_once_is_used_as_it_can(serve, traits, expected):
    server = serve(*traits)
    assert found(store().prove("tide/", "collector=a", None)) == expected
    assert server.objects == {}, "the probe is cleaned up"
    assert all("/tide/tide/probe/collector=a" in request for request in server.requests)


@pytest.mark.parametrize("before", ["PUT", "HEAD", "POST"])
def test_an_object_that_another_probe_deletes_meanwhile_makes_no_good_endpoint_bad(serve, before):
    server = serve()
    server.meanwhile = before
    assert found(store().prove("", "collector=a", None)) == (True, True, True)
    assert (server.meanwhile, server.objects) == ("", {})


REFUSES_BOTH = ("refuses conditions", "refuses checksums")


@pytest.mark.parametrize("traits", [("overwrites",), ("refuses conditions",), REFUSES_BOTH])
def test_an_endpoint_that_overwrites_is_refused_unless_each_key_is_looked_up(serve, traits):
    serve(*traits)
    with pytest.raises(StoreUnavailableError, match="overwrites objects") as refused:
        store().prove("", "collector=a", None)
    assert "TIDEMARK_PUT_ONCE=head" in refused.value.hint
    proof = store(put_once="head").prove("", "collector=a", None)
    assert (proof.whole, proof.parts) == (False, False)


def test_what_is_there_survives_where_each_key_is_looked_up(serve):
    server = serve("overwrites")
    careful = store(put_once="head", whole=1)
    careful.prove("", "collector=a", None)
    content = b"first"
    digest = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"
    assert careful.put("key", content, sha256=digest, media_type="text/plain") is True
    with pytest.raises(Exception, match="there already with other content"):
        careful.put("key", b"other!", sha256=digest, media_type="text/plain")
    assert server.objects == {"/tide/key": content}
    assert not any(request.startswith("POST") for request in server.requests), "nothing is put in parts"


def test_nothing_is_put_in_parts_where_that_overwrites(serve):
    server = serve("overwrites in parts")
    whole = store(whole=1, part=2)
    whole.prove("", "collector=a", None)
    server.requests.clear()
    digest = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"
    assert whole.put("key", b"first", sha256=digest, media_type="text/plain") is True
    assert server.requests == ["PUT /tide/key", "HEAD /tide/key", "GET /tide/key"]


def test_an_endpoint_is_asked_once_and_again_for_another_place(serve):
    server = serve()
    proof = store().prove("", "collector=a", None)
    asked = len(server.requests)
    assert store().prove("", "collector=a", read_proof(print_proof(proof))) == proof
    assert len(server.requests) == asked
    for other in ({"prefix": "other/"}, {"options": {"StorageClass": "STANDARD_IA"}}):
        options = {name: value for name, value in other.items() if name != "prefix"}
        before = len(server.requests)
        store(**options).prove(str(other.get("prefix", "")), "collector=a", proof)
        assert len(server.requests) > before
    serve()
    assert store().prove("", "collector=a", proof).endpoint != proof.endpoint


def test_a_probe_that_could_not_be_deleted_does_no_harm(serve):
    server = serve("denies deletes")
    first = store().prove("", "collector=a", None)
    assert len(server.objects) == 1
    assert store().prove("", "collector=a", None) == first


@pytest.mark.parametrize("traits", [(), ("refuses encryption",)])
def test_encryption_that_is_ignored_or_refused_stops_the_upload_before_anything_is_put(serve, traits):
    server = serve(*traits)
    with pytest.raises(StoreUnavailableError, match=r"ignores the server-side encryption|refused the request"):
        store(options={"ServerSideEncryption": "AES256"}).prove("", "collector=a", None)
    assert server.objects == {}


def test_encryption_that_is_honoured_passes(serve):
    serve("encrypts")
    assert store(options={"ServerSideEncryption": "AES256"}).prove("", "collector=a", None).whole


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b"\xff", json.dumps({"whole": 1}).encode()])
def test_a_damaged_record_means_asking_again(data):
    assert read_proof(data) is None
