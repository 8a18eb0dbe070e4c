"""When a part that has ended is started again. Pure."""

import msgspec

_LONGEST_DELAY = 60.0


class Restart(msgspec.Struct, frozen=True):
    """The restarts of one part: how many, when the last one was (seconds since 1970), and the delay before it."""

    count: int
    at: float
    delay: float = 0.0


def is_due(last: Restart | None, now: float) -> bool:
    """Tell whether a part that has ended may be started again: at once, and later each time while it keeps ending."""
    return last is None or now >= last.at + _next_delay(last, now)


def restarted(last: Restart | None, now: float) -> Restart:
    """Return the restarts of a part after one more."""
    return Restart(1, now) if last is None else Restart(last.count + 1, now, _next_delay(last, now))


def _next_delay(last: Restart, now: float) -> float:
    """Return 2, 4, 8 … 60 seconds; 0 when the part ran for longer than the longest delay."""
    return 0.0 if now - last.at > _LONGEST_DELAY + last.delay else min(max(2.0, last.delay * 2), _LONGEST_DELAY)
