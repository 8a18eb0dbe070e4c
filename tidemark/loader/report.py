"""What a person wants to know of a load, as numbers and in words."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """One load of one hour; every value is plain, so that it prints as JSON.

    `lines` = `inserted` + `replaced` + `duplicates` + `other` + `quarantined`, each line counted once. `conflicting`
    are those duplicates that report other values than the sale's row. `covered_seconds` of the hour at least one
    collector covered. `unchanged`: there was nothing to do, and the numbers are those of the last load.
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
    conflicting: int
    other: int
    quarantined: int
    covered_seconds: float
    gaps: list[str] = field(default_factory=list)
    seconds: float

    @property
    def sales(self) -> int:
        """Lines that report a sale."""
        return self.inserted + self.replaced + self.duplicates

    def __str__(self) -> str:
        verb = "is loaded and unchanged" if self.unchanged else f"loaded in {self.seconds:.1f} s"
        by = f"{self.files} files by {', '.join(self.collectors)}" if self.collectors else "no manifest"
        missing = f"; no manifest yet of {', '.join(self.missing)}" if self.missing else ""
        sales = f"{self.inserted:,} new, {self.replaced:,} replaced, {self.duplicates:,} known already"
        if self.conflicting:
            sales += f", {self.conflicting:,} of them with other values: see ops.sale_difference"
        return "\n".join(
            [
                f"{self.hour} {verb}: {by}{missing}",
                f"  lines       {self.lines:>12,}",
                f"  sales       {self.sales:>12,}  {sales}",
                f"  other types {self.other:>12,}",
                f"  quarantined {self.quarantined:>12,}{'  see ops.quarantine' if self.quarantined else ''}",
                f"  covered     {self.covered_seconds:>12,.1f}  seconds of 3,600",
                *(f"  gap         {gap}" for gap in self.gaps),
            ]
        )
