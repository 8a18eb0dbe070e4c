"""Which faults are armed, and whose turn it is. Pure; the edges and the connections ask here and obey."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from tidemark.simulator.faults import Fault, Gate, Stroke

Some = TypeVar("Some", bound=Fault)


@dataclass(slots=True)
class _Armed:
    fault: Fault
    start: float
    fired: Counter[str] = field(default_factory=Counter)

    def meets(self, client: str, now: float) -> bool:
        """Tell whether it is this client's turn, and count it."""
        if self.fault.client not in {None, client} or now < self.start or self._over(client, now):
            return False
        self.fired[client] += 1
        return True

    def _over(self, client: str, now: float) -> bool:
        if isinstance(self.fault, Gate) and self.fault.seconds is not None:
            return now >= self.start + self.fault.seconds
        return self.fired[client] >= self.fault.times


class Faults:
    """The faults that are armed; each one that fires is reported. Times are seconds of one monotonic clock."""

    def __init__(self, report: Callable[[Fault, str, int | None], None]) -> None:
        self._armed: list[_Armed] = []
        self._report = report

    def arm(self, fault: Fault, now: float) -> None:
        """Let a fault happen from now on, or from the time it names."""
        self._armed.append(_Armed(fault, now + fault.after))

    def clear(self) -> None:
        """Disarm everything; what already struck a connection goes on."""
        self._armed.clear()

    def gate(self, kind: type[Some], client: str, connection: int | None, now: float) -> Some | None:
        """Return the fault that shuts a gate for this client now, if any."""
        for armed in self._armed:
            if isinstance(armed.fault, kind) and armed.meets(client, now):
                self._report(armed.fault, client, connection)
                return armed.fault
        return None

    def strokes(self, kinds: tuple[type[Stroke], ...], client: str, connection: int, now: float) -> Iterator[Stroke]:
        """Return the faults of these kinds that strike a connection of this client now."""
        for armed in self._armed:
            if isinstance(armed.fault, Stroke) and isinstance(armed.fault, kinds) and armed.meets(client, now):
                self._report(armed.fault, client, connection)
                yield armed.fault
