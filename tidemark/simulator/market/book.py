"""The live orders of the market, drawn and taken at random."""

from dataclasses import dataclass
from random import Random

from tidemark.simulator.market.order import Order

SIZE = 4000


@dataclass(slots=True)
class Live:
    """An order that can still be filled, and how many of its items are left."""

    order: Order
    left: int
    revision: int = 1


class Book:
    """At most `SIZE` live orders; a new one pushes out another when it is full."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._live: list[Live] = []

    def __len__(self) -> int:
        return len(self._live)

    def add(self, live: Live) -> None:
        """Put an order in."""
        if len(self._live) < SIZE:
            self._live.append(live)
        else:
            self._live[self._rng.randrange(SIZE)] = live

    def take(self) -> Live | None:
        """Take any order out; None when there is none."""
        if not self._live:
            return None
        place = self._rng.randrange(len(self._live))
        self._live[place], self._live[-1] = self._live[-1], self._live[place]
        return self._live.pop()
