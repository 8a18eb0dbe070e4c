"""A gap window as a question to the Events API, and the part of it that an answer covers. Pure.

A sale is sent 1 to 22 seconds after it happens, in an incident a minute, and it is the sending that a gap misses; so
the question begins `LATENESS` before the window. The loader removes what is fetched twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from urllib.parse import quote

from tidemark.archive.manifest import Interval
from tidemark.core.hour import Hour

MARKET = "collection:*"
LATENESS = timedelta(minutes=2)
# Whether `after` and `before` are inclusive is not documented.
OVERLAP = 1
PAGE = 200


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
