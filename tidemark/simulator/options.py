"""What a simulator is started with."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tidemark.core.clock import Clock
from tidemark.core.hour import Hour
from tidemark.simulator.faults import Fault

IDLE_CODES = {"cowboy": 1000, "bandit": 1002}


def read_keys(pairs: Iterable[str]) -> dict[str, str]:
    """Read `LABEL=KEY` pairs as labels by key. Raises ValueError for a pair that is none."""
    keys = {}
    for pair in pairs:
        label, _, key = pair.partition("=")
        if not (label and key):
            raise ValueError("a client is written LABEL=KEY, such as collector-a=key-a")
        keys[key] = label
    return keys


def read_server(text: str) -> str:
    """Return the name of a web server. Raises ValueError for an unknown one."""
    if text not in IDLE_CODES:
        raise ValueError(f"the server is one of {', '.join(IDLE_CODES)}, not {text!r}")
    return text


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the simulator behaves.

    `keys` gives each API key the label under which the ledger names its client. `port` 0 takes a free one. `rate` is in
    messages per real second, and 0 sends only what is asked for; `old_share` of them are in the version of 2024.
    `hard_share` of the transactions hold sales that are hard to tell apart or to read; `again_share` of the sales are
    sent again later. `until` is the first hour in which nothing is sent. `api_limit` is in requests a minute. `server`
    is the web server under Phoenix: it gives the code of the Close frame after `idle_seconds` without anything from the
    client. With a `certificate`, a PEM file that holds its key too, everything is served over TLS.
    """

    ledger: Path
    keys: dict[str, str] = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    rate: float = 0.0
    seed: int = 1
    sales_share: float = 0.01
    recording: Path | None = None
    old_share: float = 0.0
    hard_share: float = 0.0
    again_share: float = 0.01
    until: Hour | None = None
    api_limit: int = 120
    clock: Clock = field(default_factory=Clock)
    idle_seconds: float = 60.0
    server: str = "cowboy"
    certificate: Path | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def idle_code(self) -> int:
        """The code with which the server closes a client that is idle."""
        return IDLE_CODES[self.server]
