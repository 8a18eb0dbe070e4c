"""Every server that Tidemark talks to, out of reach in every way, by real sockets: each caller says in which."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest
from pydantic import SecretStr

from bench.certificate import self_signed
from collector.settings import UploadSettings
from collector.stream.websocket import ConnectError, open_websocket
from collector.upload.steps import connect
from tidemark.archive.reasons import Reason
from tidemark.check.events_api import check_events_api
from tidemark.check.stream import check_stream
from tidemark.core.errors import Problem
from tidemark.live.webhook import Webhook
from tidemark.loader.repair.faults import FaultError
from tidemark.loader.repair.http import EventsApi, client_of
from tidemark.storage.failures import problem_of
from tidemark.storage.network import Cause
from tidemark.storage.object_store import StoreUnavailableError
from tidemark.storage.postgres import connected

SECRET = "secret-of-the-address"


def patience(way: str) -> float:
    """Return the seconds after which a caller gives up; only a silent server takes them all."""
    return 0.1 if way == "silent" else 60.0


class Listener:
    """A server on a port of its own that does one thing to each connection."""

    def __init__(self, treat: Callable[[socket.socket], None]) -> None:
        self._treat = treat
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self.place = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self._held.append(client)  # so that one that is not answered stays open
                with suppress(OSError):
                    self._treat(client)

    def end(self) -> None:
        """Stop, and cut what is still open."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for client in self._held:
            client.close()
        self._thread.join()


def answer(text: bytes) -> Callable[[socket.socket], None]:
    def treat(client: socket.socket) -> None:
        client.settimeout(5)
        client.recv(1 << 16)
        client.sendall(text)
        client.shutdown(socket.SHUT_WR)
        client.recv(1 << 16)

    return treat


def nothing(_: socket.socket) -> None:
    """Leave the client without an answer."""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return an address of a server, or of a proxy, that fails in each way."""
    certificate = tmp_path_factory.mktemp("certificate") / "own.pem"
    certificate.write_bytes(self_signed())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def vouch(client: socket.socket) -> None:
        client.settimeout(5)
        context.wrap_socket(client, server_side=True)

    listeners = {
        "silent": Listener(nothing),
        "plain": Listener(answer(b"no TLS here\r\n")),
        "untrusted": Listener(vouch),
        "407": Listener(answer(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")),
        "502": Listener(answer(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")),
    }
    with closing(socket.socket()) as taken:  # bound and not listening, so that it is refused
        taken.bind(("127.0.0.1", 0))
        yield {
            "unknown": "nowhere.invalid:80",
            "closed": f"127.0.0.1:{taken.getsockname()[1]}",
            "no route": "224.0.0.1:80",  # TCP has no route to a multicast address
            **{name: listener.place for name, listener in listeners.items()},
        }
    for listener in listeners.values():
        listener.end()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "AWS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    for name in names:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in (("ACCESS_KEY_ID", "id"), ("SECRET_ACCESS_KEY", SECRET), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)


def record(scheme: str, place: str, seconds: float) -> str:
    url = SecretStr(f"ws{scheme}://{place}/socket/websocket?token={SECRET}")
    with pytest.raises(ConnectError) as failed:
        asyncio.run(open_websocket(url, largest=1 << 16, timeout=seconds))
    assert failed.value.cause in set(Cause) | set(Reason)
    return str(failed.value.problem)


def check(scheme: str, place: str, seconds: float) -> str:
    url = SecretStr(f"ws{scheme}://{place}/socket/websocket?token={SECRET}")
    with pytest.raises(Problem) as failed:
        check_stream(url, "collection:*", seconds, time.time)
    return str(failed.value)


def upload(scheme: str, place: str, seconds: float) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http{scheme}://{place}")
        settings = UploadSettings(
            collector="collector-a",
            spool=Path(),
            bucket="bucket",
            upload_attempts=1,
            upload_timeout=seconds,
            plaintext_hosts=place.partition(":")[0],
            _env_file=None,
        )
        with pytest.raises(StoreUnavailableError) as failed:
            connect(settings).put("key", b"x", sha256="00" * 32, media_type="text/plain")
    return str(failed.value)


def repair(scheme: str, place: str, seconds: float) -> str:
    with client_of(f"http{scheme}://{place}", SECRET) as client:
        client.timeout = seconds
        with pytest.raises(FaultError) as failed:
            EventsApi(client, 100, sleep=lambda _: None).page("/events", {})
    return str(failed.value)


def notify(scheme: str, place: str, seconds: float) -> str:
    said: list[str] = []

    def end(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Webhook(SecretStr(f"http{scheme}://{place}/{SECRET}"), end, said.append, timeout=seconds).send("text")
    return said[0]


def load(scheme: str, place: str) -> str:
    address = f"postgresql://user:{SECRET}@{place}/warehouse?sslmode={'require' if scheme else 'disable'}"
    with pytest.raises(Problem) as failed, connected(SecretStr(address)):
        pass
    return str(failed.value)


Caller = Callable[[str, str, float], str]
CALLERS = (record, check, upload, repair, notify)
WAYS = {
    "unknown": ("", Cause.NAME),
    "closed": ("", Cause.PORT),
    "no route": ("", Cause.ROUTE),
    "silent": ("", Cause.TIME_OUT),
    "plain": ("s", Cause.TLS),
    "untrusted": ("s", Cause.CERTIFICATE),
}


@pytest.mark.parametrize("call", CALLERS)
@pytest.mark.parametrize("way", WAYS)
def test_a_server_out_of_reach_is_told_apart(call: Caller, way: str, places: dict[str, str]) -> None:
    scheme, cause = WAYS[way]
    said = call(scheme, places[way], patience(way))
    assert cause.sentence in said
    assert SECRET not in said


@pytest.mark.parametrize("way", ["unknown", "closed", "no route", "plain"])  # tests/storage/test_postgres.py has more
def test_a_warehouse_out_of_reach_is_told_apart(way: str, places: dict[str, str]) -> None:
    scheme, cause = WAYS[way]
    said = load(scheme, places[way])
    assert cause.sentence in said
    assert SECRET not in said


def test_a_warehouse_that_does_not_answer(places: dict[str, str]) -> None:
    with pytest.raises(psycopg2.OperationalError) as failed:
        psycopg2.connect(f"postgresql://{places['silent']}/warehouse", connect_timeout=2)  # the least that libpq takes
    assert Cause.TIME_OUT.sentence in str(problem_of("the warehouse", failed.value))


PROXIES = {
    "unknown": Cause.PROXY_NAME,
    "closed": Cause.PROXY_PORT,
    "no route": Cause.PROXY_ROUTE,
    "silent": Cause.PROXY_TIME_OUT,
    "407": Cause.PROXY_LOGIN,
    "502": Cause.PROXY_FAILED,
}


@pytest.mark.parametrize("call", CALLERS)
@pytest.mark.parametrize("way", PROXIES)
def test_a_proxy_out_of_reach_is_not_taken_for_the_server(
    call: Caller, way: str, places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://user:{SECRET}@{places[way]}")
    said = call("s", "server.invalid:443", patience(way))
    expected = Cause.TIME_OUT if call is upload and way == "silent" else PROXIES[way]  # boto3 does not say whose it is
    assert expected.sentence in said
    assert SECRET not in said


def test_the_check_of_the_events_api_knows_the_proxy(places: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{places['closed']}")
    with pytest.raises(Problem, match=Cause.PROXY_PORT.sentence):
        check_events_api("https://server.invalid/api/v2", "key")
    monkeypatch.setenv("NO_PROXY", "server.invalid")
    with pytest.raises(Problem, match=Cause.NAME.sentence):
        check_events_api("https://server.invalid/api/v2", "key")


def test_every_cause_has_a_sentence_and_a_next_step() -> None:
    assert len({cause.sentence for cause in Cause}) == len(Cause)
    assert all(cause.hint and cause.value.isidentifier() for cause in Cause)
    assert [cause for cause in Cause if not cause.transient] == [Cause.CERTIFICATE]
