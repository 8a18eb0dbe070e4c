"""What an upload tells whoever watches it: plain values, ready to be printed as text or as JSON."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Planned:
    """The run is about to ship so many segments of so many bytes, and to commit so many hours."""

    segments: int
    bytes: int
    hours: int


@dataclass(frozen=True, slots=True)
class Shipped:
    """The archive has a segment; `created` is False where an equal object was there already."""

    name: str
    key: str
    bytes: int
    compressed_bytes: int
    seconds: float
    created: bool


@dataclass(frozen=True, slots=True)
class Committed:
    """The archive has the manifest of an hour."""

    hour: str
    key: str
    segments: int
    records: int
    gaps: int
    created: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A file or an hour could not be brought to the archive; it stays in the spool."""

    what: str
    problem: str
    hint: str


Event = Planned | Shipped | Committed | Failed


@dataclass(slots=True)
class Report:
    """A finished run. `waiting` counts the files and hours that were due and still are."""

    shipped: list[Shipped] = field(default_factory=list)
    committed: list[Committed] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    waiting: int = 0
    deleted: int = 0

    def done(self, event: Shipped | Committed) -> None:
        """Add what succeeded."""
        if isinstance(event, Shipped):
            self.shipped.append(event)
        else:
            self.committed.append(event)

    @property
    def complete(self) -> bool:
        """Whether everything that was due is in the archive."""
        return not self.failed and not self.waiting
