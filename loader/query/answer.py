"""An answer: what the warehouse returned, and how one value of it is written for a person."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

_SHOWN_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """Column names, and rows of values.

    A value is a text, integer, Decimal, boolean, aware time, date, list or dictionary of these, or None.
    """

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
        case list() | dict():
            return _shown_many(value)
        case _:
            return str(value)


def _shown_many(values: list[object] | dict[str, object]) -> str:
    if isinstance(values, list):
        return ", ".join(shown(each) for each in values)
    return ", ".join(f"{name} {shown(each)}" for name, each in values.items())


def _shown_amount(amount: Decimal) -> str:
    if amount.is_nan() or amount.is_infinite():
        return str(amount)
    text = f"{amount:,.{_SHOWN_DECIMALS}f}"
    text = text.rstrip("0").rstrip(".")
    return f"{amount:.3g}" if text in ("0", "-0") and amount else text
