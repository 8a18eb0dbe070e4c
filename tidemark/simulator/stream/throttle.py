"""A server that cannot send faster. Pure; time is an argument."""


class Throttle:
    """Allows so many bytes a second, and at most those of one second at a time."""

    def __init__(self, bytes_per_second: float, now: float) -> None:
        self._speed = bytes_per_second
        self._allowance = 0.0
        self._at = now

    def room(self, now: float) -> float:
        """Return how many bytes may be sent now."""
        self._allowance = min(self._allowance + (now - self._at) * self._speed, self._speed)
        self._at = now
        return self._allowance

    def spend(self, size: int) -> None:
        """Count bytes as sent; a frame larger than the room leaves a debt."""
        self._allowance -= size
