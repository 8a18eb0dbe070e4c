"""The API's limits are kept and its faults judged, each answer as a server may give it."""

from itertools import repeat

import httpx
import pytest

from tidemark.core.errors import Problem
from tidemark.loader.repair.http import ATTEMPTS, LONGEST_WAIT, EventsApi, FaultError, NoMoreError

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
    page, events = server.api().page("/events", {"limit": "200"})
    assert str(server.asked[0].url) == "https://api.example/api/v2/events?limit=200"
    assert (page.next, events[0].event_timestamp) == ("abc", 5)


@pytest.mark.parametrize(
    "busy",
    [status(429), status(500), status(503), status(599), httpx.ConnectError("no route"), httpx.ReadTimeout("slow")],
)
def test_what_may_pass_is_tried_again(busy: httpx.Response | Exception) -> None:
    server = Server(busy, busy, PAGE)
    api = server.api()
    assert api.page("/events", {})[0].next == "abc"
    assert api.requests == 3
    assert len(server.slept) == 2


@pytest.mark.parametrize(("asked", "slept"), [("7", 7.0), ("Sun, 22 Nov 2026 15:00:09 GMT", 9.0), ("0", 0.0)])
def test_retry_after_is_honoured_as_seconds_and_as_a_date(asked: str, slept: float) -> None:
    server = Server(status(429, retry_after=asked), PAGE)
    server.api().page("/events", {})
    assert server.slept == [slept]


def test_a_wait_that_is_too_long_ends_the_run() -> None:
    server = Server(status(429, retry_after=str(LONGEST_WAIT + 1)))
    with pytest.raises(NoMoreError, match="left alone for 301 s"):
        server.api().page("/events", {})
    assert server.slept == []


def test_what_does_not_pass_ends_the_run() -> None:
    server = Server(*repeat(status(503), ATTEMPTS))
    with pytest.raises(NoMoreError, match=f"HTTP 503 after {ATTEMPTS} tries"):
        server.api().page("/events", {})
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
    with pytest.raises(NoMoreError, match="budget of 2 requests"):
        api.page("/events", {})
    assert len(server.asked) == 2


@pytest.mark.parametrize("code", [401, 403])
def test_a_refused_key_is_a_problem_that_does_not_hold_it(code: int) -> None:
    with pytest.raises(Problem, match="OPENSEA_API_KEY") as caught:
        Server(status(code)).api().page("/events", {})
    assert f"HTTP {code}" in caught.value.what


@pytest.mark.parametrize("answer", [status(404), status(400), status(302), httpx.Response(200, text="<html>")])
def test_what_will_not_pass_is_a_fault_of_this_question(answer: httpx.Response) -> None:
    server = Server(answer)
    with pytest.raises(FaultError):
        server.api().page("/events", {})
    assert len(server.asked) == 1
