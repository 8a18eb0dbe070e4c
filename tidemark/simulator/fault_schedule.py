"""Which faults apply to which client, and when. Pure; times are seconds of one monotonic clock."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import TypeVar

from tidemark.simulator.faults import ConnectionFault, Drop, Fault, LastingFault, RequestFault

F = TypeVar("F", bound=Fault)
C = TypeVar("C", bound=ConnectionFault)
EVERYBODY = "*"
"""How the ledger names the client of a fault that is for all."""


@dataclass(slots=True)
class _Scheduled:
    fault: Fault
    start: float
    fired: Counter[str] = field(default_factory=Counter)
    connections: set[int] = field(default_factory=set)
    losses: "Losses | None" = None

    def fires(self, client: str, connection: int | None, now: float) -> bool:
        """Tell whether the fault applies to this client now, and count it; one that lasts begins once a connection."""
        if self.fault.client not in {None, client} or now < self.start or self._over(client, now):
            return False
        if connection is not None and isinstance(self.fault, LastingFault):
            if connection in self.connections:
                return False
            self.connections.add(connection)
        self.fired[client] += 1
        return True

    def lasts(self, now: float) -> bool:
        """Tell whether a server's fault is active."""
        return self.start <= now and (self.fault.seconds is None or now < self.start + self.fault.seconds)

    def _over(self, client: str, now: float) -> bool:
        if isinstance(self.fault, RequestFault) and self.fault.seconds is not None:
            return now >= self.start + self.fault.seconds
        return self.fired[client] >= self.fault.times


class FaultSchedule:
    """The faults that are scheduled; each one that fires is reported with its client and connection."""

    def __init__(self, report: Callable[[Fault, str, int | None], None], seed: int = 1) -> None:
        self._scheduled: list[_Scheduled] = []
        self._report = report
        self._random = Random(seed)

    def add(self, fault: Fault, now: float) -> None:
        """Schedule a fault: it applies from now on, or `after` seconds later."""
        self._scheduled.append(_Scheduled(fault, now + fault.after))

    def clear(self) -> None:
        """Remove everything that is scheduled; faults that last on a connection go on."""
        self._scheduled.clear()

    def request_fault(self, kind: type[F], client: str, connection: int | None, now: float) -> F | None:
        """Return the fault of this kind that a client's request meets now, if any."""
        for scheduled in self._scheduled:
            if isinstance(scheduled.fault, kind) and scheduled.fires(client, connection, now):
                self._report(scheduled.fault, client, connection)
                return scheduled.fault
        return None

    def connection_faults(
        self, kinds: tuple[type[ConnectionFault], ...], client: str, connection: int, now: float
    ) -> Iterator[ConnectionFault]:
        """Return the faults of these kinds that begin on a client's connection now."""
        for scheduled in self._scheduled:
            fault = scheduled.fault
            if (
                isinstance(fault, ConnectionFault)
                and isinstance(fault, kinds)
                and scheduled.fires(client, connection, now)
            ):
                self._report(fault, client, connection)
                yield fault

    def drops(self, collection: str | None, now: float) -> list[Drop]:
        """Return the faults that drop the next message, which is of a collection or of none."""
        dropping: list[Drop] = []
        for scheduled in self._scheduled:
            fault = scheduled.fault
            if not isinstance(fault, Drop) or fault.collection not in {None, collection} or not scheduled.lasts(now):
                continue
            if scheduled.losses is None:
                scheduled.losses = Losses(fault.share, fault.burst, Random(self._random.random()))
                self._report(fault, fault.client or EVERYBODY, None)
            if scheduled.losses.next():
                dropping.append(fault)
        return dropping


class Losses:
    """Draws which messages are lost: a share of them, in runs whose mean length is `burst`."""

    def __init__(self, share: float, burst: float, random: Random) -> None:
        self._stays = 1 - 1 / max(burst, 1.0)
        self._begins = min(1.0, share / (max(burst, 1.0) * (1 - share))) if share < 1 else 1.0
        self._all = share >= 1
        self._random = random
        self._lost = False

    def next(self) -> bool:
        """Tell whether the next message is lost."""
        self._lost = self._all or self._random.random() < (self._stays if self._lost else self._begins)
        return self._lost


class ActiveFaults:
    """The faults that last on one connection; the latest of a kind counts."""

    def __init__(self) -> None:
        self._active: list[tuple[ConnectionFault, float]] = []

    def start(self, fault: ConnectionFault, now: float) -> None:
        """Let a fault last for its `seconds`, or until the connection ends."""
        end = inf if fault.seconds is None else now + fault.seconds
        self._active = [(fault, end), *((other, until) for other, until in self._active if until > now)]

    def get(self, kind: type[C], now: float) -> C | None:
        """Return the fault of a kind that is active now, if any."""
        return next(self.all(kind, now), None)

    def all(self, kind: type[C], now: float) -> Iterator[C]:
        """Return the faults of a kind that are active now, the latest first."""
        return (fault for fault, until in self._active if isinstance(fault, kind) and now < until)
