"""What a repair did, as numbers and in words."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Asked:
    """One stretch that was asked for. `covered_seconds` of its `seconds` are known now; `why` says why not all."""

    hour: str
    topic: str
    start: str
    seconds: float
    covered_seconds: float = 0.0
    sales: int = 0
    why: str | None = None

    def __str__(self) -> str:
        known = f"{self.covered_seconds:,.1f} of {self.seconds:,.1f} s known, {self.sales} sales"
        return f"{self.hour} {self.topic} from {self.start}: {known}{f' ({self.why})' if self.why else ''}"


@dataclass(slots=True)
class RepairReport:
    """A run of repairs; every value is plain, so that it prints as JSON.

    `collector` is the id under which the run archived; `hours` are those whose archive it changed and that are to be
    loaded again. `open_stretches` and `open_seconds` are what stood open before, `why` tells why the run ended early.
    """

    collector: str
    open_stretches: int
    open_seconds: float
    requests: int = 0
    asked: list[Asked] = field(default_factory=list)
    hours: list[str] = field(default_factory=list)
    why: str | None = None
