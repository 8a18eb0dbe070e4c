"""The stall watchdog, which asks of a silence whether it is plausible for this stream.

Heartbeats prove the connection, not the subscription. How long a silence is plausible depends on the stream's own
recent rate: a second is long for one that carries thousands of messages, an hour is short for one that carries ten a
day. A silence that ended by itself teaches patience; one that ended with a new subscription does not.
"""

from dataclasses import dataclass
from math import exp

MEMORY = 600.0
PLAUSIBLE = 5.0
IMPLAUSIBLE = 50.0
ENOUGH = 30.0
PATIENCE = 3.0
FADING = 0.5 ** (1 / 3600)


@dataclass(slots=True)
class Watchdog:
    """Watches one subscription. Times are monotonic seconds; `shortest` is the least silence that counts as a stall."""

    shortest: float = 60.0
    _messages: float = 0.0
    _seconds: float = 0.0
    _longest: float = 0.0
    _last: float | None = None

    def begin(self, now: float) -> None:
        """Count silence from here: a subscription begins."""
        self._last = now

    def heard(self, messages: int, now: float) -> None:
        """Take note that messages came."""
        passed = 0.0 if self._last is None else max(0.0, now - self._last)
        fade = exp(-passed / MEMORY)
        self._messages = self._messages * fade + messages
        self._seconds = self._seconds * fade + passed
        self._longest = max(passed, self._longest * FADING**passed)
        self._last = now

    def forget(self) -> None:
        """After a stall: a new rate has to be learned before the next silence can be called one."""
        self._messages = self._seconds = 0.0

    def _missed(self, now: float) -> float:
        """Return how many messages the recent rate would have brought since the last one."""
        if self._last is None or self._messages < ENOUGH or not self._seconds:
            return 0.0
        return (now - self._last) * self._messages / self._seconds

    def plausible(self, now: float) -> bool:
        """Say whether the silence until now is no surprise, so that a heartbeat proves the subscription, too."""
        return self._missed(now) < PLAUSIBLE

    def stalled(self, now: float) -> bool:
        """Say whether the silence has become so long that the subscription must be dead."""
        if self._last is None:
            return False
        silence = now - self._last
        return silence > max(self.shortest, PATIENCE * self._longest) and self._missed(now) > IMPLAUSIBLE
