"""A stretch of time that no collector covered, as a question to the Events API and back. Pure.

A sale is sent 1 to 22 seconds after it happens, in an incident a minute, and it is the sending that a gap misses; so
the question begins `LATENESS` before the gap. What comes twice is the loader's business.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from urllib.parse import quote

from tidemark.archive.manifest import Interval
from tidemark.core.hour import Hour

EVERYTHING = "collection:*"
LATENESS = timedelta(minutes=2)
# Whether `after` and `before` are inclusive is not documented.
OVERLAP = 1
PAGE = 200


@dataclass(frozen=True, order=True, slots=True)
class Stretch:
    """A part of an hour, `[start, end)`, in which no collector covered a topic."""

    hour: Hour
    topic: str
    start: datetime
    end: datetime

    @property
    def path(self) -> str:
        """The path below the API's address that knows of the topic."""
        slug = self.topic.partition(":")[2]
        return "/events" if self.topic == EVERYTHING else f"/events/collection/{quote(slug, safe='')}"

    @property
    def query(self) -> dict[str, str]:
        """The parameters that ask for its sales, in seconds since 1970."""
        after, before = (self.start - LATENESS).timestamp(), self.end.timestamp()
        return {
            "event_type": "sale",
            "after": str(floor(after) - OVERLAP),
            "before": str(ceil(before) + OVERLAP),
            "limit": str(PAGE),
        }

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
