"""A clock that may run at another rate, so that a demo drives hours in seconds.

`tidemark demo` gives every program the same `TIDEMARK_CLOCK`, written `START@ANCHOR*RATE`: at the real time
ANCHOR (seconds since 1970) it is START, and each real second lasts RATE seconds. Without it, time is real.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from tidemark.core.errors import Problem
from tidemark.core.timestamps import format_timestamp, parse_timestamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""Before this software was made: no clock that is right shows a time before it."""
_FORM = re.compile(r"(?P<start>[^@*]+)@(?P<anchor>[0-9]+(?:\.[0-9]+)?)\*(?P<rate>[0-9]+(?:\.[0-9]+)?)", re.ASCII)
_FASTEST = 1e6
_LAST_ANCHOR = 1e11


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns real seconds since 1970, as `time.time()` gives them, into the timestamps that programs record."""

    start: datetime = EPOCH
    anchor: float = 0.0
    rate: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026-11-20T10:00:00Z@1763800000.5*180`; an empty text is the real clock.

        Raises ValueError with the expected form for anything else.
        """
        if not text:
            return cls()
        found = _FORM.fullmatch(text)
        if not found or not 0 < float(found["rate"]) <= _FASTEST or float(found["anchor"]) > _LAST_ANCHOR:
            raise ValueError(f"{text!r} is not a clock; write it as 2026-11-20T10:00:00Z@1763800000.5*180")
        return cls(parse_timestamp(found["start"]), float(found["anchor"]), float(found["rate"]))

    def at(self, real: float) -> datetime:
        """Return the timestamp at a real time, given in seconds since 1970.

        Raises Problem where the anchor is so far away that the clock shows no time that there is.
        """
        try:
            return self.start + timedelta(seconds=(real - self.anchor) * self.rate)
        except OverflowError:
            what = "TIDEMARK_CLOCK shows a time outside the years 1 to 9999"
            raise Problem(what, "Set its anchor to the present, in seconds since 1970, or its rate to less") from None

    def real(self, at: datetime) -> float:
        """Return the real seconds since 1970 at which this clock shows `at`."""
        return self.anchor + (at - self.start).total_seconds() / self.rate

    def __str__(self) -> str:
        return f"{format_timestamp(self.start)}@{self.anchor!r}*{self.rate!r}"


def refuse_unset(real: float) -> None:
    """Raise Problem where the machine's clock, in seconds since 1970, was never set."""
    shown = EPOCH + timedelta(seconds=real)
    if shown < EARLIEST:
        what = f"this machine's clock shows {shown:%Y-%m-%d %H:%M:%S} UTC, which is long past"
        raise Problem(what, "Set the clock; a time service such as chrony keeps it right", transient=True)
