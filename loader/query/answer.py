"""An answer: what the warehouse returned, and how one value of it is written for a person."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

_SHOWN_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """Column names, and rows of values: text, integers, Decimals, booleans, aware times, dates, lists, None."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]

    def column(self, name: str) -> list[object]:
        """Return a column's values, in the order of the rows."""
        index = self.columns.index(name)
        return [row[index] for row in self.rows]


def shown(value: object) -> str:
    """Write a value for a person to read: amounts to six decimals, times to the second, nothing for None."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return _shown_amount(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case list() | tuple():
            return ", ".join(shown(each) for each in value)
        case _:
            return str(value)


def _shown_amount(amount: Decimal) -> str:
    if amount.is_nan() or amount.is_infinite():
        return str(amount)
    text = f"{amount:,.{_SHOWN_DECIMALS}f}"
    text = text.rstrip("0").rstrip(".")
    return f"{amount:.3g}" if text in ("0", "-0") and amount else text
