"""What the Events API answers: a page of events, newest first, or how long to wait. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

# A reset of more than this is a moment in seconds since 1970, of less a number of seconds.
_EPOCH = 1_000_000_000


class Event(msgspec.Struct, frozen=True):
    """What paging needs of an event; `event_timestamp` is in seconds since 1970."""

    event_type: str
    event_timestamp: int


class Page(msgspec.Struct, frozen=True):
    """A page of events, each as its own text. `next` is the opaque cursor of the page after it."""

    asset_events: list[msgspec.Raw]
    next: str | None = None


_page = msgspec.json.Decoder(Page)
_event = msgspec.json.Decoder(Event)


def read_page(body: bytes) -> tuple[Page, list[Event]]:
    """Read an answer, and of each of its events what paging needs. Raises ValueError for anything else."""
    try:
        page = _page.decode(body)
        return page, [_event.decode(event) for event in page.asset_events]
    except RecursionError as error:
        raise ValueError("the answer is nested too deeply") from error


def wait_asked(headers: Mapping[str, str], now: float) -> float | None:
    """Return for how many seconds an answer asks to be left alone; None where it does not say.

    `Retry-After` is a number of seconds or a date; without it, an exhausted `X-RateLimit-Remaining` lasts until
    `X-RateLimit-Reset`. `now` is in seconds since 1970. Header names are in lower case or compared without it.
    """
    if (after := headers.get("retry-after")) is not None:
        return _seconds(after, now)
    if headers.get("x-ratelimit-remaining") == "0" and (reset := headers.get("x-ratelimit-reset")) is not None:
        return _seconds(reset, now)
    return None


def _seconds(text: str, now: float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return _until(text, now)
    if not 0 <= number < 2 * 10**10:
        return None
    return max(number - now, 0) if number > _EPOCH else number


def _until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - datetime.fromtimestamp(now, UTC)).total_seconds(), 0)
