"""Where messages meet connections: everything that is sent passes here, and everything that happens is written down."""

import time

from archive.moment import format_moment
from simulator.disk import LedgerFiles
from simulator.faults import Fault, Faults
from simulator.ledger import Fired
from simulator.message import Message
from simulator.options import Options
from simulator.websocket import Wire


class Hub:
    """The connections, the faults and the ledger of one simulator."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.ledger = LedgerFiles(options.ledger)
        self.faults = Faults(self._report)
        self.fired: list[Fired] = []
        self.wires: list[Wire] = []
        self.opened = 0
        self.offered = 0

    def moment(self) -> str:
        """Return the present moment of the simulator's clock, as text."""
        return format_moment(self.options.clock.at(time.time()))

    def _report(self, fault: Fault, client: str, connection: int | None) -> None:
        settings = {name: getattr(fault, name) for name in fault.__struct_fields__}
        entry = Fired(self.moment(), client, connection, fault.name, settings)
        self.fired.append(entry)
        self.ledger.write(entry)

    def arm(self, *faults: Fault) -> None:
        """Let faults happen, each as it says."""
        for fault in faults:
            self.faults.arm(fault, time.monotonic())

    def broadcast(self, message: Message) -> None:
        """Offer a message to every connection; it leaves with the next tick."""
        self.offered += 1
        now = time.monotonic()
        for wire in self.wires:
            wire.connection.offer(message, now)

    def tick(self) -> None:
        """Let faults strike and write what waits."""
        now, moment = time.monotonic(), self.moment()
        for wire in self.wires:
            wire.connection.tick(now, moment, self.options.idle_seconds)
            wire.flush(now, moment)
        self.ledger.flush()
