"""The collector's time: recorded moments that never step back, and the steps of the machine's clock."""

from datetime import datetime

from archive.clock import Clock

TOLERANCE = 1.0


class Timeline:
    """Turns the machine's clock into the moments that are recorded.

    Real and monotonic times are seconds, given by the caller; `steps` counts the steps of the machine's clock.
    """

    def __init__(self, clock: Clock, floor: datetime, real: float, monotonic: float) -> None:
        self.steps = 0
        self._clock = clock
        self._last = floor
        self._offset = real - monotonic

    def at(self, real: float) -> datetime:
        """Return the moment at a real time; while the clock stands behind what was recorded, time stands still."""
        self._last = max(self._last, self._clock.at(real))
        return self._last

    def step(self, real: float, monotonic: float) -> float:
        """Return by how many seconds the machine's clock stepped since the last call; 0 for less than a second."""
        offset = real - monotonic
        step = offset - self._offset
        self._offset = offset
        if abs(step) < TOLERANCE:
            return 0.0
        self.steps += 1
        return step
