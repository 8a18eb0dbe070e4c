"""Faults that last: what a connection suffers from, and until when. Pure; time is an argument."""

from math import inf
from typing import TypeVar

from tidemark.simulator.faults import Stroke

Some = TypeVar("Some", bound=Stroke)


class Ailments:
    """The lasting faults of one connection; the latest of a kind counts while it lasts."""

    def __init__(self) -> None:
        self._lasting: list[tuple[Stroke, float]] = []

    def begin(self, fault: Stroke, now: float) -> None:
        """Let a fault last for its seconds, or for good."""
        end = inf if fault.seconds is None else now + fault.seconds
        self._lasting = [(fault, end), *((other, until) for other, until in self._lasting if until > now)]

    def now(self, kind: type[Some], now: float) -> Some | None:
        """Return the fault of a kind that holds now, if any."""
        for fault, until in self._lasting:
            if isinstance(fault, kind) and now < until:
                return fault
        return None
