"""Where messages meet connections: everything that is sent passes here, and every event is written to the ledger."""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tidemark.core.timestamps import format_timestamp
from tidemark.simulator.events_api.store import Store
from tidemark.simulator.fault_schedule import EVERYBODY, FaultSchedule
from tidemark.simulator.faults import Drop, Fault
from tidemark.simulator.ledger import Fired, LedgerFiles, Missed, Published, sold_line
from tidemark.simulator.message import Message, SaleKey
from tidemark.simulator.options import Options
from tidemark.simulator.stream.websocket import WebSocket

MOST_AT_ONCE = 200
LONGEST_DEBT = 1.0


class Source(Protocol):
    """Gives one message after another: the market, or a recording."""

    def prepare(self, rate: float, now: datetime) -> None:
        """Get ready for this many messages a second."""
        ...

    def next(self, now: datetime) -> Message | None:
        """Return the message to publish now, or None when there are no more."""
        ...


@dataclass(slots=True)
class Pace:
    """Counts out `rate` messages a second, at most `MOST_AT_ONCE` of them at a time so that sockets get their turn.

    What could not be sent in time is made up for, up to a second's worth; the rest is dropped.
    """

    rate: float
    since: float
    debt: float = 0.0

    def due(self, now: float) -> int:
        """Return how many messages to publish at a monotonic time."""
        self.debt = min(self.debt + (now - self.since) * self.rate, self.rate * LONGEST_DEBT + 1)
        self.since = now
        whole = min(int(self.debt), MOST_AT_ONCE)
        self.debt -= whole
        return whole

    @property
    def behind(self) -> bool:
        """Tell whether a message is due already."""
        return self.debt >= 1


class Hub:
    """The source, the connections, the faults, the Events API's store and the ledger of one simulator."""

    def __init__(self, options: Options, source: Source, ledger: LedgerFiles) -> None:
        self.options = options
        self.ledger = ledger
        self.faults = FaultSchedule(self._report, options.seed)
        self.fired: list[Fired] = []
        self.store = Store()
        self.pace = Pace(options.rate, time.monotonic())
        self.sockets: list[WebSocket] = []
        self.opened = 0
        self.published: Counter[str] = Counter()
        self._source = source
        self._sales: set[SaleKey | int | None] = set()

    def now(self) -> datetime:
        """Return the present time of the simulator's clock."""
        return self.options.clock.at(time.time())

    def set_rate(self, rate: float) -> None:
        """Publish this many messages a second from now on; 0 stops the source."""
        self._source.prepare(rate, self.now())
        self.pace.rate = rate

    def arm(self, *faults: Fault) -> None:
        """Schedule faults."""
        for fault in faults:
            self.faults.add(fault, time.monotonic())

    def _report(self, fault: Fault, client: str, connection: int | None) -> None:
        settings = {name: getattr(fault, name) for name in fault.__struct_fields__}
        entry = Fired(format_timestamp(self.now()), client, connection, fault.name, settings)
        self.fired.append(entry)
        self.ledger.write(entry)

    def publish(self, message: Message) -> None:
        """Offer a message to every connection; it leaves with the next tick."""
        now, at = time.monotonic(), format_timestamp(self.now())
        self.published[message.event_type] += 1
        self.ledger.write(Published(at, message.event_type, message.slug, message.digest))
        if (message.sale_number or message.sale) not in self._sales:
            self._remember(message, at)
        without = {drop.client for drop in self.faults.drops(message.slug, now)}
        for client in without:
            to = client or EVERYBODY
            number, name = message.sale_number, Drop().name
            self.ledger.write(
                Missed(at, to, None, None, message.event_type, message.digest, name, message.sale, number)
            )
        for socket in self.sockets:
            if without.isdisjoint({None, socket.connection.client}):
                socket.connection.publish(message, now, at)

    def _remember(self, message: Message, at: str) -> None:
        """Store what happened, whether or not a client is connected; a sale only the first time."""
        self.store.add(message)
        if message.sale:
            self._sales.add(message.sale_number or message.sale)
            self.ledger.write(sold_line(message, at))

    def tick(self) -> None:
        """Publish what is due, start faults, and write what waits."""
        monotonic, now = time.monotonic(), self.now()
        self._draw(self.pace.due(monotonic), now)
        timestamp = format_timestamp(now)
        for socket in self.sockets:
            socket.connection.tick(monotonic, timestamp, self.options.idle_seconds, self.options.idle_code)
            socket.flush(monotonic, timestamp)
        self.ledger.flush()

    def _draw(self, due: int, now: datetime) -> None:
        """Publish what is due from the source; a recording waits for its first subscription."""
        if self.options.until and now >= self.options.until.start:
            return
        if self.options.recording and not any(socket.connection.channels.subscriptions for socket in self.sockets):
            return
        for _ in range(due):
            if message := self._source.next(now):
                self.publish(message)

    def summary(self) -> str:
        """Return one line with the time and the counts."""
        return (
            f"{self.now():%Y-%m-%d %H:%M:%S}  {self.published.total()} messages, {len(self._sales)} sales, "
            f"{len(self.sockets)} connections, {len(self.fired)} faults fired"
        )

    def status(self) -> dict[str, Any]:
        """Return what was published, and who is connected."""
        return {
            "now": format_timestamp(self.now()),
            "published": self.published,
            "sales": len(self._sales),
            "faults": len(self.fired),
            "connections": [socket.status() for socket in self.sockets],
        }
