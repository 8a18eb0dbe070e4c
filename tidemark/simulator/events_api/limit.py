"""The rate limit of the Events API. Pure; time is an argument."""

from dataclasses import dataclass
from math import ceil

WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a request is told: how many are allowed in a minute, how many are left, and after how many seconds again."""

    limit: int
    remaining: int
    reset: int

    @property
    def refused(self) -> bool:
        """Tell whether the request is one too many."""
        return self.remaining < 0

    def headers(self, now: int) -> dict[str, str]:
        """Return the response headers; `now` is in epoch seconds."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(self.remaining, 0)),
            "X-RateLimit-Reset": str(now + self.reset),
        }
        return headers | ({"Retry-After": str(self.reset)} if self.refused else {})


class RateLimit:
    """Counts each client's requests in windows of a minute; `per_minute` of them are allowed."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, client: str, now: float) -> Allowance:
        """Count a request at a monotonic time, and say what is left."""
        start, used = self._windows.get(client, (now, 0))
        if now >= start + WINDOW:
            start, used = now, 0
        self._windows[client] = start, used + 1
        return Allowance(self._limit, self._limit - used - 1, ceil(start + WINDOW - now))
