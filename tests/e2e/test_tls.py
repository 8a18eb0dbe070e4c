"""TLS is verified everywhere: a server without a trusted certificate is told nothing, one that is vouched for is."""

import asyncio
import re
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bench.certificate import self_signed
from collector.settings import UploadSettings
from collector.stream.websocket import ConnectError, open_websocket
from collector.upload.steps import connect
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.repair.http import client_of
from tidemark.loader.s3 import S3Archive
from tidemark.storage.object_store import StoreUnavailableError
from tidemark.storage.s3_client import s3_client

ROOT = Path(__file__).parents[2]
HOUR = Hour.parse("2026-11-20T10")
KEY = "a-key-for-friends"


class Stranger(socketserver.ThreadingTCPServer):
    """A server with a certificate of its own making, which gives no answer and remembers what it was told."""

    def __init__(self, certificate: Path) -> None:
        self.certificate = certificate
        self.refused = 0
        self.told = b""
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(certificate)
        super().__init__(("127.0.0.1", 0), Listening)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def leave(self) -> None:
        """Stop, once everybody who called was heard out."""
        self.shutdown()
        self.server_close()


class Listening(socketserver.BaseRequestHandler):
    server: Stranger

    def handle(self) -> None:
        try:
            with self.server.context.wrap_socket(self.request, server_side=True) as client:
                self.server.told += client.recv(1 << 16)
        except (ssl.SSLError, ConnectionError):
            self.server.refused += 1


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    certificate = tmp_path / "stranger.pem"
    certificate.write_bytes(self_signed())
    with Stranger(certificate) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.leave()


def records(address: str) -> None:
    url = SecretStr(f"wss://{address}/socket/websocket?token={KEY}")
    asyncio.run(open_websocket(url, largest=1 << 16, timeout=60))


def uploads(address: str) -> None:
    settings = UploadSettings(collector="collector-a", spool=Path(), bucket="bucket", upload_attempts=1, _env_file=None)
    connect(settings).put(KEY, Path(__file__), sha256="00" * 32, media_type="text/plain")


def loads(address: str) -> None:
    S3Archive(s3_client(), "bucket", f"{KEY}/").listed(HOUR)


def repairs(address: str) -> None:
    client_of(f"https://{address}/api/v2", KEY).get("events")


# Who calls, what it raises where it is not answered, and the words for a certificate that is not trusted.
CALLERS: dict[str, tuple[Callable[[str], None], type[Exception], str]] = {
    "the collector": (records, ConnectError, "tls_failed"),
    "the uploader": (uploads, StoreUnavailableError, "certificate is not trusted"),
    "the loader": (loads, Problem, "certificate is not trusted"),
    "the repair": (repairs, httpx.TransportError, "CERTIFICATE_VERIFY_FAILED"),
}


@pytest.fixture
def call(caller: str, stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the caller call the stranger, wherever its settings say that the other side is."""
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{stranger.address}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    function, error, _ = CALLERS[caller]

    def called() -> None:
        with pytest.raises(error) as raised:
            function(stranger.address)
        raise raised.value

    return called


@pytest.mark.parametrize("caller", CALLERS)
def test_an_untrusted_server_gets_no_secret(caller: str, call: Callable[[], None], stranger: Stranger) -> None:
    _, error, words = CALLERS[caller]
    with pytest.raises(error, match=words):
        call()
    stranger.leave()
    assert stranger.refused >= 1
    assert stranger.told == b""


@pytest.mark.parametrize("caller", CALLERS)
def test_one_that_is_vouched_for_is_asked(
    caller: str, call: Callable[[], None], stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(stranger.certificate))
    with pytest.raises(CALLERS[caller][1]):
        call()
    stranger.leave()
    assert KEY.encode() in stranger.told


def test_no_client_turns_verification_off() -> None:
    lax = re.compile(
        r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=\s*False|_create_unverified|no-verify|--insecure"
        r"|curl [^|;]*-\w*k\b|sslmode=(disable|allow|prefer)"
    )
    ours = ("collector", "dags", "deploy", "tidemark", "tools", "docker-compose.yml")
    files = subprocess.run(["git", "ls-files", *ours], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = {name: lax.findall((ROOT / name).read_text()) for name in files.split()}
    assert len(found) > 100
    assert {name: words for name, words in found.items() if words} == {}
