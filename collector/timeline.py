"""The collector's time: recorded moments that only move on, and the stretches of it that nobody can vouch for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tidemark.archive.reasons import Reason
from tidemark.core.clock import Clock

TOLERANCE = 1.0
PAUSE = 3.0
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A stretch of recorded time in which something may have been missed unseen.

    `seconds` is how long the process stood still, or by how much the machine's clock stepped.
    """

    start: datetime
    until: datetime
    reason: str
    seconds: float


class Timeline:
    """Turns the machine's clock into the moments that are recorded. The caller looks several times a second.

    Real and monotonic times are seconds, given by the caller. `last` is the moment recorded last, `steps` counts the
    steps of the machine's clock. A clock that stands behind what was recorded lets time all but stand still until it
    has caught up; no two moments are the same, so that an outage never lasts nothing.
    """

    def __init__(self, clock: Clock, floor: datetime, real: float, monotonic: float) -> None:
        self.last = max(floor, clock.at(real))
        self.steps = 0
        self._clock = clock
        self._real, self._monotonic = real, monotonic

    def look(self, real: float, monotonic: float) -> Doubt | None:
        """Move `last` on; return what is in doubt since the last call.

        A machine that is suspended counts as a clock that steps: its monotonic time stands still with it.
        """
        lived = monotonic - self._monotonic
        step = real - self._real - lived
        before, clock = self.last, self._clock.at(real)
        self._real, self._monotonic = real, monotonic
        self.last = max(before + _INSTANT, clock)
        if abs(step) >= TOLERANCE:
            self.steps += 1
            return Doubt(min(before, clock), self.last, Reason.CLOCK_STEPPED, step)
        return Doubt(before, self.last, Reason.PAUSED, lived) if lived >= PAUSE else None
