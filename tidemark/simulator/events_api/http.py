"""The edge of the Events API, on aiohttp: `/api/v2/events` and `/api/v2/events/collection/{slug}`."""

import time
from dataclasses import dataclass
from math import ceil

from aiohttp import web
from multidict import MultiMapping

from tidemark.simulator.events_api.faulty_page import faulty_answer
from tidemark.simulator.events_api.store import DEFAULT_LIMIT, KINDS, LARGEST_LIMIT, Query, print_cursor, read_cursor
from tidemark.simulator.faults import ApiFailure, PageFault
from tidemark.simulator.hub import Hub

API_PATH = "/api/v2"

WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many requests a minute are allowed, how many are left, and after how many seconds the minute is over."""

    limit: int
    remaining: int
    reset: int

    @property
    def refused(self) -> bool:
        """Tell whether the request is one too many."""
        return self.remaining < 0

    def headers(self, now: int) -> dict[str, str]:
        """Return the response headers; `now` is in epoch seconds."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(self.remaining, 0)),
            "X-RateLimit-Reset": str(now + self.reset),
        }
        return headers | ({"Retry-After": str(self.reset)} if self.refused else {})


class RateLimit:
    """Counts each client's requests in windows of a minute; `per_minute` of them are allowed."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, client: str, now: float) -> Allowance:
        """Count a request at a monotonic time, and say what is left."""
        start, used = self._windows.get(client, (now, 0))
        if now >= start + WINDOW:
            start, used = now, 0
        self._windows[client] = start, used + 1
        return Allowance(self._limit, self._limit - used - 1, ceil(start + WINDOW - now))


def read_query(slug: str | None, asked: MultiMapping[str]) -> Query:
    """Read a request's parameters. Raises ValueError with what is wrong."""
    kinds = tuple(asked.getall("event_type", KINDS))
    if unknown := set(kinds) - set(KINDS):
        raise ValueError(f"Invalid event_type: {', '.join(sorted(unknown))}")
    limit = int(asked.get("limit", DEFAULT_LIMIT))
    if not 1 <= limit <= LARGEST_LIMIT:
        raise ValueError(f"limit must be between 1 and {LARGEST_LIMIT}")
    return Query(
        slug=slug,
        kinds=kinds,
        after=int(asked["after"]) if "after" in asked else None,
        before=int(asked["before"]) if "before" in asked else None,
        limit=limit,
        cursor=read_cursor(asked["next"]) if "next" in asked else None,
    )


class EventsApi:
    """Answers from the hub's store."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._limit = RateLimit(hub.options.api_limit)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the Events API."""
        return [
            web.get(f"{API_PATH}/events", self._events),
            web.get(f"{API_PATH}/events/collection/{{slug}}", self._events),
        ]

    async def _events(self, request: web.Request) -> web.StreamResponse:
        client = self._hub.options.keys.get(request.headers.get("x-api-key", ""))
        if client is None:
            return _errors(401, "Missing or unknown API key")
        faults, now = self._hub.faults, time.monotonic()
        if failure := faults.request_fault(ApiFailure, client, None, now):
            return _errors(failure.status, "Out of order", failure.headers)
        allowance = self._limit.take(client, now)
        headers = allowance.headers(int(time.time()))
        if allowance.refused:
            return _errors(429, "Request was throttled.", headers)
        try:
            query = read_query(request.match_info.get("slug"), request.query)
        except ValueError as error:
            return _errors(400, str(error), headers)
        events, place = self._hub.store.page(query)
        page = {"asset_events": events} | ({"next": print_cursor(place)} if place else {})
        if fault := faults.request_fault(PageFault, client, None, now):
            return await faulty_answer(fault, page, request, headers)
        return web.json_response(page, headers=headers)


def _errors(status: int, error: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"errors": [error]}, status=status, headers=headers)
