"""How many messages are due, so that a rate is kept whatever the event loop does. Pure."""

from dataclasses import dataclass

LONGEST_DEBT = 1.0


@dataclass(slots=True)
class Pace:
    """Counts out `rate` messages a second; a debt of more than a second is let go, not made up in one burst."""

    rate: float
    since: float
    debt: float = 0.0

    def due(self, now: float) -> int:
        """Return how many messages to send at a monotonic time."""
        self.debt = min(self.debt + (now - self.since) * self.rate, self.rate * LONGEST_DEBT + 1)
        self.since = now
        whole = int(self.debt)
        self.debt -= whole
        return whole
