"""The collector's time: recorded timestamps that only move on, and the intervals in which something may be missed."""

from collections import deque
from datetime import datetime, timedelta
from typing import NamedTuple

from tidemark.archive.reasons import Reason
from tidemark.core.clock import Clock

TOLERANCE = 1.0
PAUSE = 3.0
_INSTANT = timedelta(microseconds=1)
_BENDS = 100


class Anomaly(NamedTuple):
    """An interval of recorded time in which something may have been missed unseen.

    `seconds` is how long the process did not run, or by how much the machine's clock stepped.
    """

    start: datetime
    end: datetime
    reason: Reason
    seconds: float


class Timeline:
    """Turns the machine's clocks into the timestamps that are recorded. The caller advances it several times a second.

    Real and monotonic times are seconds, given by the caller. `last` is the timestamp recorded last, `steps` counts
    the steps of the machine's clock. While the clock is behind what was recorded, each timestamp is a microsecond after
    the one before. No two timestamps are the same, so that an outage never has a length of 0.
    """

    def __init__(self, clock: Clock, floor: datetime, real: float, monotonic: float) -> None:
        self.last = max(floor, clock.at(real))
        self.steps = 0
        self._clock = clock
        self._real, self._monotonic = real, monotonic
        self._bends: deque[tuple[float, datetime]] = deque([(monotonic, self.last)], maxlen=_BENDS)
        self._waits = floor > clock.at(real)

    def advance(self, real: float, monotonic: float) -> Anomaly | None:
        """Move `last` on; return what is unsure since the last call.

        A suspended machine counts as a clock that steps: its monotonic time does not run either.
        """
        lived = monotonic - self._monotonic
        step = real - self._real - lived
        before, clock = self.last, self._clock.at(real)
        if abs(step) >= TOLERANCE or self._waits != (clock <= before):
            self._waits = clock <= before
            self._bends.append((self._monotonic, before))
            self._bends.append((monotonic, max(before + _INSTANT, clock)))
        self._real, self._monotonic = real, monotonic
        self.last = max(before + _INSTANT, clock)
        if abs(step) >= TOLERANCE:
            self.steps += 1
            return Anomaly(min(before, clock), self.last, Reason.CLOCK_STEPPED, step)
        return Anomaly(before, self.last, Reason.PAUSED, lived) if lived >= PAUSE else None

    def at(self, monotonic: float) -> datetime:
        """Return the timestamp that was recorded at a monotonic time, also of before this run began."""
        end, until = self._monotonic, self.last
        if monotonic >= end:
            return until
        for start, at in reversed(self._bends):
            if monotonic >= start:
                return at + (until - at) * ((monotonic - start) / (end - start))
            end, until = start, at
        return until - self.recorded(end - monotonic)

    def seconds(self, recorded: timedelta) -> float:
        """Return how many real seconds a recorded time lasted."""
        return recorded.total_seconds() / self._clock.rate

    def recorded(self, seconds: float) -> timedelta:
        """Return how long real seconds last in recorded time."""
        return timedelta(seconds=seconds * self._clock.rate)
