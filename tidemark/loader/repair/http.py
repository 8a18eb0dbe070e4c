"""The Events API over HTTP, within its limits and within a budget of requests."""

import time
from collections.abc import Callable

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tidemark.core.errors import Problem
from tidemark.loader.repair.answer import Event, Page, read_page, wait_asked

ATTEMPTS = 5
LONGEST_WAIT = 300.0
TIMEOUT = 30.0
_OK, _TOO_MANY, _SERVER_FAULT = 200, 429, 500
_REFUSED = frozenset({401, 403})


class NoMoreError(Exception):
    """No further request makes sense in this run; says why."""


class FaultError(Exception):
    """The API did not answer this question and would not on another try; says why."""


class _BusyError(Exception):
    """The API asks to come back, after `wait` seconds if it said so."""

    def __init__(self, what: str, wait: float | None) -> None:
        super().__init__(what)
        self.wait = wait


def client_of(url: str, key: str) -> httpx.Client:
    """Return a client of the API; the key travels in a header and nowhere else."""
    return httpx.Client(base_url=url, headers={"x-api-key": key, "accept": "application/json"}, timeout=TIMEOUT)


class EventsApi:
    """Asks for pages, at most `budget` times, tries again what may pass, and waits when it is told to."""

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

    def page(self, path: str, query: dict[str, str]) -> tuple[Page, list[Event]]:
        """Ask for one page.

        Raises NoMoreError where the budget is used up or the API stays busy, FaultError where the question
        cannot be answered, and Problem where the key is refused.
        """
        tries = Retrying(
            retry=retry_if_exception_type(_BusyError),
            wait=self._pause,
            stop=stop_after_attempt(ATTEMPTS),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return tries(self._ask, path, query)
        except _BusyError as error:
            raise NoMoreError(f"{error} after {ATTEMPTS} tries") from error

    def _ask(self, path: str, query: dict[str, str]) -> tuple[Page, list[Event]]:
        if self.requests >= self._budget:
            raise NoMoreError(f"the budget of {self._budget} requests is used up")
        if self._rest:
            self._sleep(_bearable(self._rest))
        self.requests += 1
        try:
            answer = self._client.get(path, params=query)
        except httpx.TransportError as error:
            raise _BusyError(f"it does not answer ({type(error).__name__}: {error})", None) from error
        wait = wait_asked(answer.headers, self._now())
        _judge(answer.status_code, wait)
        self._rest = wait or 0.0
        try:
            return read_page(answer.content)
        except ValueError as error:
            raise FaultError(f"its answer cannot be read: {error}") from error

    def _pause(self, state: RetryCallState) -> float:
        """Return how long to wait before the next try: what the API asked for, else longer each time."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _BusyError) else None
        return self._backoff(state) if asked is None else _bearable(asked)


def _judge(status: int, wait: float | None) -> None:
    if status in _REFUSED:
        raise Problem(f"the Events API refused the key (HTTP {status})", "Check OPENSEA_API_KEY, or ask for a new one")
    if status == _TOO_MANY or status >= _SERVER_FAULT:
        raise _BusyError(f"it answers HTTP {status}", wait)
    if status != _OK:
        raise FaultError(f"it answers HTTP {status}")


def _bearable(seconds: float) -> float:
    if seconds > LONGEST_WAIT:
        raise NoMoreError(f"it asks to be left alone for {seconds:.0f} s")
    return seconds
