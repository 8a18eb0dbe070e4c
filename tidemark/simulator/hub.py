"""Where messages meet connections: everything that is sent passes here, and everything that happens is written down."""

import time
from collections import Counter
from datetime import datetime
from typing import Any

from tidemark.core.timestamps import format_timestamp
from tidemark.simulator.arming import Faults
from tidemark.simulator.disk import LedgerFiles
from tidemark.simulator.events_api.store import Store
from tidemark.simulator.faults import Fault
from tidemark.simulator.ledger import Fired, sold_line
from tidemark.simulator.message import Message, SaleKey
from tidemark.simulator.options import Options
from tidemark.simulator.pace import Pace
from tidemark.simulator.source import Source
from tidemark.simulator.stream.websocket import Wire


class Hub:
    """The source, the connections, the faults, the memory and the ledger of one simulator."""

    def __init__(self, options: Options, source: Source, ledger: LedgerFiles) -> None:
        self.options = options
        self.ledger = ledger
        self.faults = Faults(self._report)
        self.fired: list[Fired] = []
        self.store = Store()
        self.pace = Pace(options.rate, time.monotonic())
        self.wires: list[Wire] = []
        self.opened = 0
        self.told: Counter[str] = Counter()
        self._source = source
        self._sales: set[SaleKey] = set()
        source.prepare(options.rate, self.moment())

    def moment(self) -> datetime:
        """Return the present moment of the simulator's clock."""
        return self.options.clock.at(time.time())

    def set_rate(self, rate: float) -> None:
        """Send so many messages a second from now on; 0 stops the source."""
        self._source.prepare(rate, self.moment())
        self.pace.rate = rate

    def arm(self, *faults: Fault) -> None:
        """Let faults happen, each as it says."""
        for fault in faults:
            self.faults.arm(fault, time.monotonic())

    def _report(self, fault: Fault, client: str, connection: int | None) -> None:
        settings = {name: getattr(fault, name) for name in fault.__struct_fields__}
        entry = Fired(format_timestamp(self.moment()), client, connection, fault.name, settings)
        self.fired.append(entry)
        self.ledger.write(entry)

    def broadcast(self, message: Message) -> None:
        """Offer a message to every connection; it leaves with the next tick."""
        self.told[message.event_type] += 1
        if message.sale not in self._sales:
            self._remember(message)
        now = time.monotonic()
        for wire in self.wires:
            wire.connection.offer(message, now)

    def _remember(self, message: Message) -> None:
        """Note what happened, whether or not anyone listens; a sale only when it is told for the first time."""
        self.store.add(message)
        if message.sale:
            self._sales.add(message.sale)
            self.ledger.write(sold_line(message, format_timestamp(self.moment())))

    def tick(self) -> None:
        """Send what is due, let faults strike, and write what waits."""
        now, moment = time.monotonic(), self.moment()
        self._draw(self.pace.due(now), moment)
        told_at = format_timestamp(moment)
        for wire in self.wires:
            wire.connection.tick(now, told_at, self.options.idle_seconds)
            wire.flush(now, told_at)
        self.ledger.flush()

    def _draw(self, due: int, moment: datetime) -> None:
        """Take what is due from the source; a recording waits for its first listener."""
        if self.options.until and moment >= self.options.until.start:
            return
        if self.options.recording and not any(wire.connection.socket.subscriptions for wire in self.wires):
            return
        for _ in range(due):
            if message := self._source.next(moment):
                self.broadcast(message)

    def summary(self) -> str:
        """Return one line that says how it stands."""
        return (
            f"{self.moment():%Y-%m-%d %H:%M:%S}  {self.told.total()} messages, {len(self._sales)} sales, "
            f"{len(self.wires)} connections, {len(self.fired)} faults fired"
        )

    def status(self) -> dict[str, Any]:
        """Return how it stands: what was told, and who is connected."""
        return {
            "moment": format_timestamp(self.moment()),
            "told": self.told,
            "sales": len(self._sales),
            "faults": len(self.fired),
            "connections": [wire.status() for wire in self.wires],
        }
