"""A gap window as a question to the Events API, asked page by page, and the part of it that is covered then. Pure.

A sale is sent 1 to 22 seconds after it happens, in an incident a minute, and it is the sending that a gap misses; so
the question begins `LATENESS` before the window. The loader removes what is fetched twice.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil, floor
from urllib.parse import quote

from tidemark.archive.manifest import Interval
from tidemark.core.hour import Hour
from tidemark.loader.repair.faults import ApiFault
from tidemark.loader.repair.page import Event, Page

MARKET = "collection:*"
LATENESS = timedelta(minutes=2)
# Whether `after` and `before` are inclusive is not documented.
OVERLAP = 1
PAGE = 200
# Pages in a row that bring nothing new, after which a server is taken to turn in circles.
MOST_IDLE = 3


@dataclass(frozen=True, order=True, slots=True)
class GapWindow:
    """A part of an hour, `[start, end)`, whose sales of a topic are asked for."""

    hour: Hour
    topic: str
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()

    @property
    def path(self) -> str:
        """The path below the API's address that lists the topic's events."""
        slug = self.topic.partition(":")[2]
        return "/events" if self.topic == MARKET else f"/events/collection/{quote(slug, safe='')}"

    @property
    def after(self) -> int:
        """The first second that is asked for, since 1970."""
        return floor((self.start - LATENESS).timestamp()) - OVERLAP

    @property
    def before(self) -> int:
        """The last second that is asked for, since 1970."""
        return ceil(self.end.timestamp()) + OVERLAP

    @property
    def query(self) -> dict[str, str]:
        """The parameters that ask for its sales."""
        times = {"after": str(self.after), "before": str(self.before)}
        return {"event_type": "sale", **times, "limit": str(PAGE)}

    def covered_down_to(self, oldest: int | None) -> Interval | None:
        """Return the part that is covered once every sale after the second `oldest` is known; all for None.

        None where that is nothing.
        """
        start = self.start
        if oldest is not None:
            start = max(start, datetime.fromtimestamp(oldest + OVERLAP, start.tzinfo) + LATENESS)
        return Interval(self.topic, start, self.end) if start < self.end else None

    def __str__(self) -> str:
        return f"{self.hour.key} {self.topic} {self.start:%H:%M:%S} to {self.end:%H:%M:%S}"


@dataclass(slots=True)
class Paging:
    """What is known of a window so far: `events` are sales, and what may be sales, each with when it was fetched.

    `fault` says why the paging ended early.
    """

    window: GapWindow
    events: dict[Event, datetime] = field(default_factory=dict)
    done: bool = False
    fault: ApiFault | None = None
    _cursors: list[str] = field(default_factory=list)
    _oldest: int | None = None
    _idle: int = 0

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the next request; the cursor comes with all the others."""
        return self.window.query | ({"next": self._cursors[-1]} if self._cursors else {})

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to ask."""
        return self.done or self.fault is not None

    @property
    def covered(self) -> Interval | None:
        """The part of the window of which every sale is known: pages are newest first, so its end comes first."""
        if self.done:
            return self.window.covered_down_to(None)
        return None if self._oldest is None else self.window.covered_down_to(self._oldest)

    def take(self, page: Page, now: datetime) -> None:
        """Take a page. A fault ends the paging; what came before it, and with it, is kept."""
        known = len(self.events)
        for event in page.events:
            if event.wanted:
                self.events.setdefault(event, now)
        # a time that is missing, damaged or was not asked for says nothing of the order
        first, last = self.window.after, self.window.before
        order = [event.at for event in page.events if event.at is not None and first <= event.at <= last]
        self._idle = 0 if len(self.events) > known else self._idle + 1
        self.fault = self._fault_of(page, order)
        self._oldest = None if self.fault is ApiFault.OUT_OF_ORDER else order[-1] if order else self._oldest
        self.done = not page.next and self.fault is None
        if page.next:
            self._cursors.append(page.next)

    def _fault_of(self, page: Page, order: list[int]) -> ApiFault | None:
        newest = self._oldest if self._oldest is not None else self.window.before
        if any(later > earlier for earlier, later in zip([newest, *order], order, strict=False)):
            return ApiFault.OUT_OF_ORDER
        if page.next in self._cursors:
            return ApiFault.REPEATED_CURSOR
        if page.next and page.events and not order:
            return ApiFault.OUTSIDE
        if page.next and self._idle >= MOST_IDLE:
            return ApiFault.ENDLESS
        return None
