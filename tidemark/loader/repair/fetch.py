"""The sales of one stretch, asked for page by page. Pure: the edge asks what `query` says and hands over the page."""

from dataclasses import dataclass, field
from datetime import datetime

from tidemark.archive.manifest import Interval
from tidemark.loader.repair.answer import Event, Page
from tidemark.loader.repair.stretch import Stretch


@dataclass(slots=True)
class Fetch:
    """What is known of a stretch so far. `sales` are the events' own texts, each with when it was fetched."""

    stretch: Stretch
    sales: dict[bytes, datetime] = field(default_factory=dict)
    done: bool = False
    fault: str | None = None
    _cursor: str | None = None
    _oldest: int | None = None

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the next request; the cursor comes with all the others."""
        return self.stretch.query | ({"next": self._cursor} if self._cursor else {})

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to ask."""
        return self.done or self.fault is not None

    @property
    def covered(self) -> Interval | None:
        """The part of the stretch of which every sale is known: with newest first, the later part comes first."""
        if self.done:
            return self.stretch.covered_down_to(None)
        return None if self._oldest is None else self.stretch.covered_down_to(self._oldest)

    def take(self, page: Page, events: list[Event], now: datetime) -> None:
        """Take an answer. A server that turns in circles or breaks the order of its pages is not believed further."""
        order = [event.event_timestamp for event in events]
        if order != sorted(order, reverse=True) or (order and self._oldest is not None and order[0] > self._oldest):
            self.fault, self._oldest = "its events are not in order, newest first", None
            return
        for text, event in zip(page.asset_events, events, strict=True):
            if event.event_type == "sale":
                self.sales.setdefault(bytes(text), now)
        self._oldest = order[-1] if order else self._oldest
        if page.next and page.next == self._cursor:
            self.fault = "it repeats its cursor"
        self.done = not page.next
        self._cursor = page.next
