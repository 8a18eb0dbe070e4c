"""The sales of one window, asked for page by page. Pure: the edge asks what `query` says and hands over the page."""

from dataclasses import dataclass, field
from datetime import datetime

from tidemark.archive.manifest import Interval
from tidemark.loader.repair.faults import ApiFault
from tidemark.loader.repair.page import Event, Page
from tidemark.loader.repair.window import GapWindow

# Pages in a row that bring nothing new, after which a server is taken to turn in circles.
MOST_IDLE = 3


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
