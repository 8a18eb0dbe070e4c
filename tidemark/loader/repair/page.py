"""An answer of the Events API: its events read one by one, and how long it asks to wait. Pure."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

import msgspec
from msgspec import Raw

from tidemark.core.text import replace_lone_surrogates
from tidemark.core.timestamps import parse_http_date

# A reset of more than this is a time in seconds since 1970, of less a number of seconds.
_EPOCH = 1_000_000_000
_LONGEST_TIME = 11  # digits of a time in seconds; one in milliseconds has 13
_ABSENT = Raw(b"")
_STRING = rb'"(?:[^"\\]|\\.)*\\?(?:"|\Z)'
_TOKEN = re.compile(_STRING + rb"|[\[\]{},]", re.DOTALL)
_EVENT_START = re.compile(rb'\{\s*"event_type"\s*:')
_EVENTS_END = re.compile(rb'\]\s*(?:,\s*"next"\s*:\s*(?:null|"[^"\\]*")\s*)?\}\s*\Z')


class Event(NamedTuple):
    """One event of a page.

    `text` is the event as it came; an escaped half of a surrogate pair or a byte that is not UTF-8 is U+FFFD in it.
    `kind` is its event_type and `at` its event_timestamp in seconds since 1970, each None where it cannot be read.
    `readable` tells whether `text` is JSON. `copy` counts equal events of one page: each of them is a sale of its own.
    """

    text: bytes
    kind: str | None
    at: int | None
    readable: bool
    copy: int = 1

    @property
    def wanted(self) -> bool:
        """Whether it is a sale, or may be one."""
        return self.kind in {"sale", None}


class Page(NamedTuple):
    """A page of events, newest first. `next` is the opaque cursor of the page after it."""

    events: list[Event]
    next: str | None = None


class _Envelope(msgspec.Struct):
    asset_events: list[Raw]
    next: str | None = None


class _Head(msgspec.Struct):
    event_type: Raw = _ABSENT
    event_timestamp: Raw = _ABSENT


_envelope = msgspec.json.Decoder(_Envelope)
_head = msgspec.json.Decoder(_Head)
_json = msgspec.json.Decoder(Raw)
_UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)


def read_page(body: bytes) -> Page:
    """Read an answer event by event: a damaged event costs no other one. Raises ValueError where it is no page."""
    try:
        page = _envelope.decode(body)
        texts = [bytes(event) for event in page.asset_events]
    except _UNREADABLE:
        page, texts = _salvaged(body)
    seen: Counter[bytes] = Counter()
    events = []
    for text in texts:
        seen[text] += 1
        events.append(_event(text)._replace(copy=seen[text]))
    return Page(events, page.next)


def _event(text: bytes) -> Event:
    if not _is_json(text):
        text = replace_lone_surrogates(text).decode(errors="replace").encode()
    if not _is_json(text):
        return Event(text, None, None, readable=False)
    try:
        head = _head.decode(text)
    except _UNREADABLE:  # not an object
        return Event(text, None, None, readable=True)
    kind, at = bytes(head.event_type), bytes(head.event_timestamp).strip(b'"')
    return Event(
        text,
        msgspec.json.decode(kind) if kind.startswith(b'"') else None,
        int(at) if at.isdigit() and len(at) <= _LONGEST_TIME else None,
        readable=True,
    )


def _is_json(text: bytes) -> bool:
    try:
        text.decode()
        _json.decode(text)
    except _UNREADABLE:
        return False
    return True


def _salvaged(body: bytes) -> tuple[_Envelope, list[bytes]]:
    """Cut the events out of an answer that is not valid JSON as a whole; what is left must be a page without events.

    Of two ways to cut, the one that leaves more events readable is right.
    """
    found: list[tuple[_Envelope, list[bytes]]] = []
    for cuts in (_cuts_by_brackets(body), _cuts_by_first_key(body)):
        try:
            page = _envelope.decode(body[: cuts[0]] + body[cuts[-1] :]) if cuts else None
        except _UNREADABLE:
            continue
        if page:
            texts = [body[start:end].strip(b", \t\r\n") for start, end in pairwise(cuts)]
            found.append((page, [text for text in texts if text]))
    if not found:
        raise ValueError(f"not a page of events: {body[:60]!r}")
    return max(found, key=lambda each: sum(map(_is_json, each[1])))


def _cuts_by_brackets(body: bytes) -> list[int]:
    """Return where each event begins, and where the last ends, by counting brackets outside of strings."""
    depth, key, cuts = 0, b"", list[int]()
    for found in _TOKEN.finditer(body):
        token = found[0]
        if token.startswith(b'"'):
            key = token if depth == 1 else key
        elif token in b"[{":
            depth += 1
            if depth == 2 and token == b"[" and key == b'"asset_events"':  # noqa: PLR2004 (within the page's object)
                cuts = [found.end()]
        elif token == b",":
            if depth == 2 and cuts:  # noqa: PLR2004
                cuts.append(found.start())
        else:
            depth -= 1
            if depth == 1 and cuts:
                return [*cuts, found.start()]
    return []


def _cuts_by_first_key(body: bytes) -> list[int]:
    """Return the same where a damaged event leaves brackets or quotes unpaired: each event has event_type first.

    In a string the quotes would be escaped, so nothing within an event looks like the start of one.
    """
    starts = [found.start() for found in _EVENT_START.finditer(body)]
    end = _EVENTS_END.search(body)
    return [*starts, end.start()] if starts and end else []


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
    until = parse_http_date(date)
    return max((until - datetime.fromtimestamp(now, UTC)).total_seconds(), 0) if until else None
