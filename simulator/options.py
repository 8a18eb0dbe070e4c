"""What a simulator is started with."""

from dataclasses import dataclass, field
from pathlib import Path

from archive.clock import Clock
from archive.hour import Hour
from simulator.faults import Fault


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the stand-in behaves.

    `keys` gives each API key the label under which the ledger names its client. `port` 0 takes a free one. `rate` is in
    messages per real second, and 0 sends only what is asked for. `until` is the first hour in which nothing is sent.
    """

    ledger: Path
    keys: dict[str, str] = field(default_factory=lambda: {"demo-key": "demo"}, repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    rate: float = 0.0
    seed: int = 1
    sales_share: float = 0.01
    recording: Path | None = None
    until: Hour | None = None
    clock: Clock = field(default_factory=Clock)
    idle_seconds: float = 60.0
    faults: tuple[Fault, ...] = ()
