"""How many messages are due, so that a rate is kept whatever the event loop does. Pure."""

from dataclasses import dataclass

AT_ONCE = 200
LONGEST_DEBT = 1.0


@dataclass(slots=True)
class Pace:
    """Counts out `rate` messages a second, at most `AT_ONCE` of them at a time so that sockets get their turn.

    What could not be sent in time is made up for; of a debt of more than a second the rest is let go.
    """

    rate: float
    since: float
    debt: float = 0.0

    def due(self, now: float) -> int:
        """Return how many messages to send at a monotonic time."""
        self.debt = min(self.debt + (now - self.since) * self.rate, self.rate * LONGEST_DEBT + 1)
        self.since = now
        whole = min(int(self.debt), AT_ONCE)
        self.debt -= whole
        return whole

    @property
    def behind(self) -> bool:
        """Tell whether a message is due already."""
        return self.debt >= 1
