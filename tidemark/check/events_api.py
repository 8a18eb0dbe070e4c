"""Whether the Events API can be reached and takes the key: one event is asked for."""

import httpx

from tidemark.core.errors import Problem
from tidemark.loader.repair.http import client_of
from tidemark.storage.failures import is_proxied, problem_of

_OK, _TOO_MANY = 200, 429
_KEY_REFUSED = (401, 403)


def check_events_api(url: str, key: str) -> str:
    """Ask for one event. Raises Problem where the API cannot be reached or refuses."""
    place = f"the Events API at {httpx.URL(url).host}"
    try:
        with client_of(url, key) as client:
            status = client.get("/events", params={"limit": "1"}).status_code
    except httpx.HTTPError as error:
        problem = problem_of(place, error, proxied=is_proxied(url))
        if problem is None:
            raise
        raise problem from None
    if status in _KEY_REFUSED:
        raise Problem(f"{place} refused the key (HTTP {status})", "Put a valid key into OPENSEA_API_KEY")
    if status not in (_OK, _TOO_MANY):
        raise Problem(f"{place} answered HTTP {status}", "Check TIDEMARK_API_URL; run it again later")
    return "it answers" if status == _OK else "it answers, and its rate limit is used up"
