"""What a person wants to know of a load, as numbers and in words."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """One load of one hour; every value is plain, so that it prints as JSON.

    `lines` = `inserted` + `replaced` + `duplicates` + `other` + `quarantined`, each line counted once.
    `covered_seconds` of the hour at least one collector covered. `unchanged` says that the hour stood in the
    warehouse already: the numbers are then those of the load that put it there.
    """

    hour: str
    unchanged: bool
    collectors: list[str]
    missing: list[str]
    files: int
    lines: int
    inserted: int
    replaced: int
    duplicates: int
    other: int
    quarantined: int
    covered_seconds: float
    gaps: list[str] = field(default_factory=list)
    seconds: float

    @property
    def sales(self) -> int:
        """Lines that told of a sale."""
        return self.inserted + self.replaced + self.duplicates

    def __str__(self) -> str:
        verb = "stands already, nothing has changed since" if self.unchanged else f"loaded in {self.seconds:.1f} s"
        missing = f"; no manifest yet of {', '.join(self.missing)}" if self.missing else ""
        fates = f"{self.inserted:,} new, {self.replaced:,} replaced, {self.duplicates:,} known already"
        return "\n".join(
            [
                f"{self.hour} {verb}: {self.files} files by {', '.join(self.collectors) or 'nobody'}{missing}",
                f"  lines       {self.lines:>12,}",
                f"  sales       {self.sales:>12,}  {fates}",
                f"  other types {self.other:>12,}",
                f"  quarantined {self.quarantined:>12,}{'  see ops.quarantine' if self.quarantined else ''}",
                f"  covered     {self.covered_seconds:>12,.1f}  seconds of 3,600",
                *(f"  gap         {gap}" for gap in self.gaps),
            ]
        )
