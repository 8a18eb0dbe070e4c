"""The simulator as a process of its own, and the hand on its controls."""

from pathlib import Path
from typing import Any

import httpx
import msgspec

from tidemark.core.errors import Problem
from tidemark.local.environment import COLLECTORS, Source
from tidemark.local.process import Process, tidemark

KEYS = {collector: f"key-of-{collector}" for collector in COLLECTORS}
_START_TIMEOUT = 30.0


class _Addresses(msgspec.Struct):
    stream_url: str
    api_url: str
    control_url: str


class SimulatorProcess:
    """`tidemark simulate` with its ledger in `folder`. It sends nothing until `rate` is set."""

    def __init__(self, folder: Path, environment: dict[str, str], *, sales_share: float) -> None:
        self.ledger = folder / "ledger"
        keys = {"TIDEMARK_SIMULATOR_KEYS": " ".join(f"{collector}={key}" for collector, key in KEYS.items())}
        market = ["--rate", "0", "--sales-share", str(sales_share)]
        command = tidemark("simulate", "--json", "--port", "0", "--ledger", str(self.ledger), *market)
        self._process = Process("simulator", command, environment | keys, folder / "output.log")

    def start(self) -> None:
        """Start it and wait until it answers."""
        line = self._process.start().first_line(_START_TIMEOUT)
        try:
            self._addresses = msgspec.json.decode(line, type=_Addresses)
        except msgspec.DecodeError:
            raise self._process.failure("it did not come up") from None

    def stop(self) -> None:
        """Stop it; its ledger is complete then."""
        self._process.stop()

    @property
    def source(self) -> Source:
        """Where it is, for collectors and loader."""
        return Source(
            name="the simulator",
            stream={"TIDEMARK_STREAM_URL": self._addresses.stream_url},
            api={"TIDEMARK_API_URL": self._addresses.api_url},
            keys=KEYS,
        )

    def set_rate(self, messages_per_second: float) -> None:
        """Let the market run at this rate; 0 stops it."""
        self._control("PUT", "rate", messages_per_second)

    def inject(self, fault: str, **settings: str | float) -> None:
        """Inject a fault now, into one `client` or into all."""
        self._control("POST", "faults", {"fault": fault, **settings})

    def _control(self, method: str, what: str, value: Any) -> None:
        answer = httpx.request(
            method, f"{self._addresses.control_url}/{what}", content=msgspec.json.encode(value), trust_env=False
        )
        if answer.is_error:
            raise Problem(f"the simulator refused {value!r}: {answer.text}", "Read its log")
