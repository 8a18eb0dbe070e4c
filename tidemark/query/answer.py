"""An answer: what the warehouse returned, and how one value of it is written for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from tidemark.core.errors import Problem
from tidemark.query.names import near

_SHOWN_DECIMALS = 6
NOTHING_LOADED = "No rows: no hour is loaded yet. tidemark load HOUR loads one; see also load_sales in Airflow."
_SMALL = Decimal("0.001")  # below it three significant digits are shown


class Kind(StrEnum):
    """What a numeric column holds: an amount by a rate, a whole number, or an amount whose every digit counts."""

    RATE = "rate"
    WHOLE = "whole"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Answer:
    """Column names, and rows of values; `types` are PostgreSQL's numbers of the columns' types (pg_type.oid).

    A value is a text, integer, Decimal, boolean, aware time, date, list or dictionary of these, or None. `asked` are
    the parameters as they were understood, `kinds` those of the numeric columns that are not amounts by a rate.
    `why_empty` says why there are no rows; it is empty where there are some. `lacks` says what the rows do not know of,
    because it was detached or waits to be scored.
    """

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]
    types: tuple[int, ...] = ()
    asked: Mapping[str, object] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    why_empty: str = ""
    lacks: str = ""

    def column(self, name: str) -> list[object]:
        """Return a column's values, in the order of the rows."""
        index = self.columns.index(name)
        return [row[index] for row in self.rows]


def unknown_name(parameter: str, wanted: str, known: Sequence[str]) -> Problem:
    """Say that no sale has a name, which names are near, and of chains, which are few, all that there are."""
    found = near(wanted, known)
    said = [f"Did you mean {' or '.join(map(_shown_text, found))}?"] if found else []
    if parameter == "chain" and known:
        said.append(f"There are {', '.join(map(_shown_text, known))}.")
    hint = " ".join(said) or f"Write the {parameter} as OpenSea's address has it."
    return Problem(f"no sale in the warehouse is of the {parameter} {_shown_text(wanted)}", hint)


def none_found(loaded: int, hours: int, what: str = "such a sale") -> str:
    """Say why a question over a number of hours, of which some are loaded, had no rows; `what` is a row's subject."""
    if not loaded:
        return f"No rows: none of the {hours:,} hours asked about is loaded. tidemark coverage shows which are."
    if loaded < hours:
        return (f"No rows: {loaded:,} of the {hours:,} hours asked about are loaded, and none holds {what}. "
                "tidemark coverage shows which are missing.")  # fmt: skip
    return f"No rows: all {hours:,} hours asked about are loaded, and none holds {what}."


def shown(value: object) -> str:
    """Write a value for a person to read: amounts to six decimals, times to the second in UTC, nothing for None.

    What a terminal would obey instead of printing, such as an escape or a change of direction, becomes U+FFFD.
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return _shown_amount(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        case list() | dict():
            return _shown_many(value)
        case _:
            return _shown_text(str(value))


def _shown_text(text: str) -> str:
    return text if text.isprintable() else "".join(each if each.isprintable() else "\ufffd" for each in text)


def _shown_many(values: list[object] | dict[str, object]) -> str:
    if isinstance(values, list):
        return ", ".join(shown(each) for each in values)
    return ", ".join(f"{_shown_text(name)} {shown(each)}" for name, each in values.items())


def _shown_amount(amount: Decimal) -> str:
    if amount.is_nan() or amount.is_infinite():
        return str(amount)
    if amount and abs(amount) < _SMALL:
        return f"{amount:.3g}"
    text = f"{amount:,.{_SHOWN_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
