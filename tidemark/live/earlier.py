"""The last events of a spool that a person wants: looked for from its end, ever farther back."""

from collections import deque
from dataclasses import dataclass

from tidemark.live.market import Filter, MarketEvent, chosen
from tidemark.live.seen import Seen
from tidemark.live.spool import SpoolTail

_NEAR, _FAR = 4 << 20, 256 << 20  # bytes that are searched at first and at most
_FARTHER = 4


@dataclass(frozen=True, slots=True)
class Earlier:
    """The events found, in order; what was seen of the spool; and the bytes searched, None where that is all of it."""

    events: deque[MarketEvent]
    seen: Seen
    searched: int | None


def earlier(
    follower: SpoolTail, wanted: Filter, most: int, now: float, *, near: int = _NEAR, far: int = _FAR
) -> Earlier:
    """Return the last `most` events before the follower's position, which is then after all that was read."""
    end, size = follower.position, near
    while True:
        start = follower.position = follower.back(size)
        seen = Seen()
        new = (seen.new(part, now) for part in follower.read())
        events = deque((event for part in new for event in chosen(part, wanted)), maxlen=most)
        follower.missing.clear()  # what was removed meanwhile is no news
        is_all = start == follower.first()
        if len(events) >= most or is_all or size >= far:
            return Earlier(events, seen, None if is_all else size)
        follower.position, size = end, min(size * _FARTHER, far)
