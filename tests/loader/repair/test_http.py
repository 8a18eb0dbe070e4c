"""The API's limits are kept, and each answer that a server may give is a page or a named fault."""

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import repeat
from threading import Thread
from typing import Any

import httpx
import pytest

from tidemark.core.errors import Problem
from tidemark.loader.repair.faults import ApiFault, FaultError
from tidemark.loader.repair.http import ATTEMPTS, LARGEST_ANSWER, LONGEST_WAIT, EventsApi, client_of

PAGE = httpx.Response(200, json={"asset_events": [{"event_type": "sale", "event_timestamp": 5}], "next": "abc"})
NOW = 1795359600.0


class Server:
    """Answers with what it was given, in turn, and remembers what was asked and how long was slept."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = iter(answers)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def api(self, budget: int = 100) -> EventsApi:
        client = httpx.Client(transport=httpx.MockTransport(self), base_url="https://api.example/api/v2")
        return EventsApi(client, budget, sleep=self.slept.append, now=lambda: NOW)


def status(code: int, **headers: str) -> httpx.Response:
    return httpx.Response(code, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_a_page_is_asked_for_below_the_apis_address() -> None:
    server = Server(PAGE)
    page = server.api().page("/events", {"limit": "200"})
    assert str(server.asked[0].url) == "https://api.example/api/v2/events?limit=200"
    assert (page.next, page.events[0].at) == ("abc", 5)


@pytest.mark.parametrize(
    "busy",
    [status(429), status(500), status(503), status(599), httpx.ConnectError("no route"), httpx.ReadTimeout("slow")],
)
def test_what_may_pass_is_tried_again(busy: httpx.Response | Exception) -> None:
    server = Server(busy, busy, PAGE)
    api = server.api()
    assert api.page("/events", {}).next == "abc"
    assert api.requests == 3
    assert len(server.slept) == 2


@pytest.mark.parametrize(("asked", "slept"), [("7", 7.0), ("Sun, 22 Nov 2026 15:00:09 GMT", 9.0), ("0", 0.0)])
def test_retry_after_is_honoured_as_seconds_and_as_a_date(asked: str, slept: float) -> None:
    server = Server(status(429, retry_after=asked), PAGE)
    server.api().page("/events", {})
    assert server.slept == [slept]


def test_a_wait_that_is_too_long_ends_the_run() -> None:
    server = Server(status(429, retry_after=str(LONGEST_WAIT + 1)))
    with pytest.raises(FaultError, match="301 s") as caught:
        server.api().page("/events", {})
    assert (caught.value.fault, caught.value.ends_run) == (ApiFault.WAIT_TOO_LONG, True)
    assert server.slept == []


def test_what_does_not_pass_ends_the_run() -> None:
    server = Server(*repeat(status(503), ATTEMPTS))
    with pytest.raises(FaultError, match=f"HTTP 503, {ATTEMPTS} times") as caught:
        server.api().page("/events", {})
    assert (caught.value.fault, caught.value.ends_run) == (ApiFault.BUSY, True)
    assert len(server.asked) == ATTEMPTS


def test_an_exhausted_limit_is_waited_for_before_the_next_request() -> None:
    last = httpx.Response(
        200, json={"asset_events": []}, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3"}
    )
    server = Server(last, PAGE)
    api = server.api()
    api.page("/events", {})
    assert server.slept == []
    api.page("/events", {})
    assert server.slept == [3.0]


def test_a_budget_counts_every_request() -> None:
    server = Server(status(500), PAGE)
    api = server.api(budget=2)
    api.page("/events", {})
    with pytest.raises(FaultError, match="2 requests") as caught:
        api.page("/events", {})
    assert (caught.value.fault, caught.value.ends_run) == (ApiFault.BUDGET, True)
    assert len(server.asked) == 2


@pytest.mark.parametrize("code", [401, 403])
def test_a_refused_key_is_a_problem_that_does_not_hold_it(code: int) -> None:
    with pytest.raises(Problem, match="OPENSEA_API_KEY") as caught:
        Server(status(code)).api().page("/events", {})
    assert f"HTTP {code}" in caught.value.what


HTML = {"content-type": "text/html"}
CHALLENGE = httpx.Response(403, headers=HTML, text="<!DOCTYPE html><title>Just a moment...</title>")


class Pieces(httpx.SyncByteStream):
    """A body that comes piece by piece and may break off."""

    def __init__(self, *pieces: bytes, error: Exception | None = None) -> None:
        self._pieces, self._error = pieces, error

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._error:
            raise self._error


def zipped(body: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Pieces(body))


def fault_of(*answers: httpx.Response | Exception) -> tuple[ApiFault, int]:
    server = Server(*answers)
    with pytest.raises(FaultError) as caught:
        server.api().page("/events", {})
    return caught.value.fault, len(server.asked)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (status(404), ApiFault.REFUSED),
        (status(400), ApiFault.REFUSED),
        (status(302, location="https://elsewhere.example/"), ApiFault.REDIRECTED),
        (
            httpx.Response(200, stream=Pieces(*[b" " * (1 << 20)] * (LARGEST_ANSWER // (1 << 20) + 1))),
            ApiFault.TOO_LARGE,
        ),
    ],
)
def test_what_will_not_pass_is_a_fault_of_this_question(answer: httpx.Response, fault: ApiFault) -> None:
    assert fault_of(answer) == (fault, 1)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (lambda: CHALLENGE, ApiFault.BLOCKED),
        (lambda: httpx.Response(200, headers=HTML, text="<html><title>opensea | 502</title>"), ApiFault.NOT_AN_ANSWER),
        (lambda: httpx.Response(200, text='{"asset_events":[{"event_type":"sa'), ApiFault.NOT_AN_ANSWER),
        (lambda: httpx.Response(204), ApiFault.NOT_AN_ANSWER),
        (lambda: zipped(b"not gzip"), ApiFault.BROKEN_BODY),
        (lambda: zipped(gzip.compress(PAGE.content)[:-20]), ApiFault.NOT_AN_ANSWER),
        (lambda: httpx.Response(200, stream=Pieces(b"{", error=httpx.RemoteProtocolError("incomplete"))),
         ApiFault.BROKEN_BODY),
        (lambda: httpx.ReadTimeout("slow"), ApiFault.UNREACHABLE),
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_again_and_then_named(answer: Any, fault: ApiFault) -> None:
    assert fault_of(*(answer() for _ in range(ATTEMPTS))) == (fault, ATTEMPTS)
    assert Server(answer(), PAGE).api().page("/events", {}).next == "abc"


def test_an_answer_that_trickles_is_given_up() -> None:
    clock = iter(range(0, 10_000, 50))
    trickle = httpx.Response(200, stream=Pieces(*[b" "] * 100))
    client = httpx.Client(transport=httpx.MockTransport(Server(trickle, PAGE)), base_url="https://api.example")
    api = EventsApi(client, 100, sleep=str, now=lambda: float(next(clock)))
    assert api.page("/events", {}).next == "abc"
    assert api.requests == 2


def test_a_quote_of_an_answer_is_short_printable_and_on_one_line() -> None:
    bad = httpx.Response(200, content=b"\x1b[31m<html>\n\xff" + b"x" * 10_000)
    with pytest.raises(FaultError) as caught:
        Server(*repeat(bad, ATTEMPTS)).api().page("/events", {})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("key", ["k\u00e9y", "key\n", "key\r\nx: y"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(Problem, match="OPENSEA_API_KEY") as caught:
        client_of("https://api.example", key)
    assert key not in str(caught.value)


def test_the_key_goes_to_no_other_host_over_real_sockets() -> None:
    """Two real servers: the first redirects to the second, which must never be asked."""
    asked: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(str(self.headers))

    class Redirecting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(307)
            self.send_header("Location", f"http://localhost:{elsewhere.server_port}/")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere, HTTPServer(("127.0.0.1", 0), Redirecting) as first:
        for server in (elsewhere, first):
            Thread(target=server.serve_forever, daemon=True).start()
        with (
            client_of(f"http://127.0.0.1:{first.server_port}", "secret") as client,
            pytest.raises(FaultError) as caught,
        ):
            EventsApi(client, 5).page("/events", {})
        for server in (elsewhere, first):
            server.shutdown()
    assert caught.value.fault is ApiFault.REDIRECTED
    assert asked == []
