"""The Events API over HTTP: time-outs, bounded answers, its limits, and a budget of requests."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tidemark.core.errors import Problem
from tidemark.loader.repair.faults import ApiFault, FaultError
from tidemark.loader.repair.page import Page, read_page, wait_asked
from tidemark.storage.failures import failure_of, is_proxied

ATTEMPTS = 5
LONGEST_WAIT = 300.0
TIMEOUT = 30.0
# A page of 200 events is half a megabyte.
LARGEST_ANSWER = 32 << 20
LONGEST_ANSWER = 120.0
_OK, _REDIRECT, _CLIENT_FAULT, _TOO_MANY, _SERVER_FAULT = 200, 300, 400, 429, 500
_REFUSED = frozenset({401, 403})
_NEW_KEY = "Check OPENSEA_API_KEY, or ask for a new one"
# The API as a whole does not answer; another window would end the same way.
_ENDS_RUN = frozenset({ApiFault.UNREACHABLE, ApiFault.BUSY, ApiFault.BLOCKED})


class _PassingError(Exception):
    """A fault that may pass by itself; try again, after `wait` seconds where the API said so."""

    def __init__(self, fault: ApiFault, seen: str, wait: float | None = None) -> None:
        super().__init__(fault, seen)
        self.fault = fault
        self.seen = seen
        self.wait = wait


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def is_html(self) -> bool:
        return "html" in self.headers.get("content-type", "") or self.body.lstrip()[:1] == b"<"


def client_of(url: str, key: str) -> httpx.Client:
    """Return a client of the API; the key travels in a header, to this address only: redirects are not followed.

    Raises Problem for a key that no header can hold.
    """
    if not key.isascii() or not key.isprintable():
        raise Problem("OPENSEA_API_KEY has characters that no key has, such as a line break", _NEW_KEY)
    headers = {"x-api-key": key, "accept": "application/json"}
    return httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, follow_redirects=False)


class EventsApi:
    """Asks for pages, at most `budget` times, tries again what may pass, and waits as long as the API asks."""

    def __init__(
        self,
        client: httpx.Client,
        budget: int,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._budget = budget
        self._sleep = sleep
        self._now = now
        self._backoff = wait_random_exponential(multiplier=1, max=60)
        self._rest = 0.0
        self.requests = 0

    def page(self, path: str, query: dict[str, str]) -> Page:
        """Ask for one page. Raises FaultError where there is none, and Problem where the key is refused."""
        tries = Retrying(
            retry=retry_if_exception_type(_PassingError),
            wait=self._pause,
            stop=stop_after_attempt(ATTEMPTS),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return tries(self._ask, path, query)
        except _PassingError as error:
            seen = f"{error.seen}, {ATTEMPTS} times"
            raise FaultError(error.fault, seen, ends_run=error.fault in _ENDS_RUN) from error

    def _ask(self, path: str, query: dict[str, str]) -> Page:
        if self.requests >= self._budget:
            raise FaultError(ApiFault.BUDGET, f"{self._budget} requests", ends_run=True)
        if self._rest:
            self._sleep(_bearable(self._rest))
        self.requests += 1
        answer = self._answer(path, query)
        wait = wait_asked(answer.headers, self._now())
        self._rest = 0.0
        _check(answer, wait)
        self._rest = wait or 0.0
        try:
            return read_page(answer.body)
        except ValueError as error:
            raise _PassingError(ApiFault.NOT_AN_ANSWER, _start_of(answer)) from error

    def _answer(self, path: str, query: dict[str, str]) -> _Answer:
        body, began = bytearray(), self._now()
        try:
            with self._client.stream("GET", path, params=query) as response:
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER:
                        raise FaultError(ApiFault.TOO_LARGE, f"over {LARGEST_ANSWER:,} bytes")
                    if self._now() - began > LONGEST_ANSWER:
                        raise _PassingError(ApiFault.TOO_SLOW, f"over {LONGEST_ANSWER:.0f} s")
        except (httpx.DecodingError, httpx.RemoteProtocolError) as error:
            raise _PassingError(ApiFault.BROKEN_BODY, self._worded(error)) from error
        except httpx.HTTPError as error:
            raise _PassingError(ApiFault.UNREACHABLE, self._worded(error)) from error
        return _Answer(response.status_code, response.headers, bytes(body))

    def _worded(self, error: httpx.HTTPError) -> str:
        """Say what an error of the library means; its own text may hold an address with a password."""
        failure = failure_of(error, proxied=is_proxied(str(self._client.base_url)))
        return failure.what if failure else type(error).__name__

    def _pause(self, state: RetryCallState) -> float:
        """Return how long to wait before the next try: what the API asked for, else longer each time."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _PassingError) else None
        return self._backoff(state) if asked is None else _bearable(asked)


def _check(answer: _Answer, wait: float | None) -> None:
    """Raise what an answer's status means, unless it is a page."""
    status = answer.status
    if status == _TOO_MANY or status >= _SERVER_FAULT:
        raise _PassingError(ApiFault.BUSY, f"HTTP {status}", wait)
    if status in _REFUSED and answer.is_html:
        raise _PassingError(ApiFault.BLOCKED, _start_of(answer), wait)
    if status in _REFUSED:
        raise Problem(f"the Events API refused the key (HTTP {status})", _NEW_KEY)
    if status >= _CLIENT_FAULT:
        raise FaultError(ApiFault.REFUSED, f"HTTP {status}")
    if status >= _REDIRECT:
        raise FaultError(ApiFault.REDIRECTED, f"HTTP {status}; is TIDEMARK_API_URL right?")
    if status != _OK:
        raise _PassingError(ApiFault.NOT_AN_ANSWER, f"HTTP {status}")


def _start_of(answer: _Answer) -> str:
    """Quote an answer for a log: short, on one line, printable."""
    start = answer.body[:60].decode("ascii", errors="replace")
    shown = "".join(character if character.isascii() and character.isprintable() else "?" for character in start)
    return f"HTTP {answer.status}, {len(answer.body):,} bytes, beginning {shown!r}"


def _bearable(seconds: float) -> float:
    if seconds > LONGEST_WAIT:
        raise FaultError(ApiFault.WAIT_TOO_LONG, f"{seconds:.0f} s", ends_run=True)
    return seconds
