"""The simulator as a process of its own, and a client of its controls."""

import time
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tidemark.core.errors import Problem
from tidemark.local.environment import COLLECTORS, SMALL_MARKET, Source
from tidemark.local.process import Process, Service, tidemark

KEYS = {collector: f"key-of-{collector}" for collector in COLLECTORS}
_START_TIMEOUT = 60.0


class _Addresses(msgspec.Struct):
    stream_url: str
    api_url: str
    control_url: str


class SimulatorProcess(Service):
    """`tidemark simulate` with its ledger in `folder`. It sends nothing until a rate is set.

    `port` 0 takes a free one. `seed` None gives a new market at each start, so that a restart repeats no sale. After a
    restart it has the rate of before, a new ledger, and an Events API without the events of before.
    """

    def __init__(
        self, folder: Path, environment: dict[str, str], *, sales_share: float, port: int = 0, seed: int | None = 1
    ) -> None:
        self.ledger = folder / "ledger"
        keys = {"TIDEMARK_SIMULATOR_KEYS": " ".join(f"{collector}={key}" for collector, key in KEYS.items())}
        self._environment = environment | keys
        self._log = folder / "output.log"
        self._options = {"port": port, "ledger": self.ledger, "rate": 0, "sales-share": sales_share}
        self._seed = seed
        self._rate = 0.0
        self._process: Process | None = None

    def start(self) -> None:
        """Start it, or start it again, and wait until it answers."""
        options = self._options | {"seed": int(time.time()) if self._seed is None else self._seed}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._process = Process("simulator", tidemark("simulate", "--json", *words), self._environment, self._log)
        line = self._process.start().first_line(_START_TIMEOUT)
        try:
            self._addresses = msgspec.json.decode(line, type=_Addresses)
        except msgspec.DecodeError:
            raise self._process.failure("it did not start") from None
        if self._rate:
            self.set_rate(self._rate)

    def stop(self) -> None:
        """Stop it; its ledger is complete then."""
        if self._process:
            self._process.stop()

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    @property
    def source(self) -> Source:
        """Its addresses and keys, for collectors and loader."""
        return Source(
            name="the simulator",
            stream={"TIDEMARK_STREAM_URL": self._addresses.stream_url},
            api={"TIDEMARK_API_URL": self._addresses.api_url} | SMALL_MARKET,
            keys=KEYS,
        )

    def set_rate(self, messages_per_second: float) -> None:
        """Run the market at this rate; 0 stops it."""
        self._rate = messages_per_second
        self._control("PUT", "rate", messages_per_second)

    def inject(self, fault: str, **settings: str | float) -> None:
        """Inject a fault now, into one `client` or into all."""
        self._control("POST", "faults", {"fault": fault, **settings})

    def _control(self, method: str, what: str, value: Any) -> None:
        answer = httpx.request(
            method,
            f"{self._addresses.control_url}/{what}",
            content=msgspec.json.encode(value),
            trust_env=False,
            timeout=_START_TIMEOUT,
        )
        if answer.is_error:
            raise Problem(f"the simulator refused {value!r}: {answer.text}", "Read its log")
