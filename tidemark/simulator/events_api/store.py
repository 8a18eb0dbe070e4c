"""What the Events API remembers, and how it is paged through: newest first, behind an opaque cursor."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

import msgspec

from tidemark.simulator.events_api.event import REMEMBERED, Event, event_of
from tidemark.simulator.message import Message

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200
KINDS = ("sale", "transfer", "mint", "listing", "offer", "collection_offer", "trait_offer")
Place = tuple[int, int]
"""An event's place in the order of pages: its epoch second, then the order in which it came."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; `after` and `before` are epoch seconds, both included."""

    slug: str | None = None
    kinds: tuple[str, ...] = KINDS
    after: int | None = None
    before: int | None = None
    limit: int = DEFAULT_LIMIT
    cursor: Place | None = None

    def wants(self, place: Place) -> bool:
        """Tell whether an event of this place lies before the end of what is asked for."""
        in_time = self.before is None or place[0] <= self.before
        return in_time and (self.cursor is None or place < self.cursor)


def print_cursor(place: Place) -> str:
    """Print the place behind which the next page begins."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode()


def read_cursor(text: str) -> Place:
    """Read a cursor. Raises ValueError for anything that `print_cursor` did not print."""
    place: Place = msgspec.json.decode(urlsafe_b64decode(text.encode()), type=Place)
    return place


class _Entry(NamedTuple):
    place: Place
    slug: str
    event: Event


class Store:
    """The newest events of the stream, at most `capacity` of each kind."""

    def __init__(self, capacity: int = 20_000) -> None:
        self._capacity = capacity
        self._entries: dict[str, list[_Entry]] = defaultdict(list)
        self._count = 0

    def add(self, message: Message) -> None:
        """Remember a message of a kind that is remembered, unless a recording cut what the API would say of it."""
        if message.event_type not in REMEMBERED:
            return
        try:
            event = event_of(message)
        except (AttributeError, KeyError, TypeError, ValueError):
            return
        self._count += 1
        place = event["event_timestamp"], self._count
        entries = self._entries[event.get("order_type") or event["event_type"]]
        insort(entries, _Entry(place, message.slug or "", event), key=itemgetter(0))
        if len(entries) > self._capacity:
            del entries[0]

    def page(self, query: Query) -> tuple[list[Event], Place | None]:
        """Return the newest events that a query asks for, and where the next page begins if there is one."""
        found = list(islice(self._matching(query), query.limit + 1))
        page = found[: query.limit]
        return [entry.event for entry in page], page[-1].place if len(found) > len(page) else None

    def _matching(self, query: Query) -> Iterator[_Entry]:
        newest_first = merge(*(reversed(self._entries[kind]) for kind in query.kinds), key=itemgetter(0), reverse=True)
        for entry in newest_first:
            if query.after is not None and entry.place[0] < query.after:
                return
            if query.wants(entry.place) and query.slug in {None, entry.slug}:
                yield entry
