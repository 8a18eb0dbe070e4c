"""How long each topic is uncovered, and why: for metrics and health; the ledger records it for good."""

from collections import Counter, defaultdict
from datetime import datetime


class Outages:
    """The uncovered topics now, and what past outages add up to. Times are recorded timestamps."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._now: dict[str, tuple[datetime, str]] = {}

    @property
    def reasons(self) -> dict[str, str]:
        """Why each uncovered topic is so."""
        return {topic: reason for topic, (_, reason) in self._now.items()}

    def begin(self, topic: str, since: datetime, reason: str) -> None:
        """Note that a topic is uncovered since a time, or that another reason holds from it on."""
        self.end(topic, since)
        self._now[topic] = (since, reason)
        self.count[reason] += 1

    def end(self, topic: str, at: datetime) -> None:
        """Note that a topic is covered again, or not expected any more."""
        if topic in self._now:
            since, reason = self._now.pop(topic)
            self.add(reason, since, at)

    def add(self, reason: str, since: datetime, until: datetime) -> None:
        """Add an interval to a reason's seconds."""
        self._seconds[reason] += max(0.0, (until - since).total_seconds())

    def seconds(self, at: datetime) -> dict[str, float]:
        """Return the uncovered seconds by reason, added over topics, with those that still run."""
        total = self._seconds.copy()
        for since, reason in self._now.values():
            total[reason] += max(0.0, (at - since).total_seconds())
        return dict(total)
