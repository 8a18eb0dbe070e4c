"""An answer as Parquet. Column types follow from the question alone, so that files of several runs fit together."""

import io
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from tidemark.query.answer import Answer, Kind

_NUMERIC = 1700
# by PostgreSQL's pg_type.oid; what is not listed becomes text
_TYPES = {
    16: pa.bool_(), 20: pa.int64(), 21: pa.int64(), 23: pa.int64(), 701: pa.float64(), 1009: pa.list_(pa.string()),
    1082: pa.date32(), 1184: pa.timestamp("us", "UTC"),
}  # fmt: skip
_DIGITS = 38  # of the widest decimal that every reader takes as one; some make a float of a wider one
_SCALES = {Kind.RATE: 18, Kind.WHOLE: 0}
_ROUNDING = Context(prec=1000, rounding=ROUND_HALF_EVEN)


def as_parquet(answer: Answer) -> bytes:
    """Return the answer as Parquet: the table of `arrow_of`."""
    buffer = io.BytesIO()
    pq.write_table(arrow_of(answer), buffer)
    return buffer.getvalue()


def arrow_of(answer: Answer) -> pa.Table:
    """Return the answer as an Arrow table.

    A numeric column is decimal(38,18), rounded; one that its question calls whole is decimal(38,0), and one that it
    calls exact is text with every digit. What is not a number or too large for its decimal is null: see `unheld`.
    """
    arrays = [_array(answer.column(name), *_type_of(answer, name)) for name in answer.columns]
    return pa.Table.from_arrays(arrays, names=list(answer.columns))


def unheld(answer: Answer) -> dict[str, int]:
    """Return how many values no such column can hold, by column; without the columns that hold all of theirs."""
    decimals = {name: kind for name in answer.columns if (kind := _type_of(answer, name)[1]) in _SCALES}
    counts = {name: _held(_given(answer.column(name)), kind).count(None) for name, kind in decimals.items()}
    return {name: count for name, count in counts.items() if count}


def _type_of(answer: Answer, name: str) -> tuple[pa.DataType, Kind | None]:
    number = answer.types[answer.columns.index(name)]
    if number != _NUMERIC:
        return _TYPES.get(number, pa.string()), None
    kind = answer.kinds.get(name, Kind.RATE)
    return (pa.decimal128(_DIGITS, _SCALES[kind]) if kind in _SCALES else pa.string()), kind


def _array(values: list[object], kind_of_column: pa.DataType, kind: Kind | None) -> pa.Array:
    if kind in _SCALES:
        held = iter(_held(_given(values), kind))
        return pa.array([None if value is None else next(held) for value in values], type=kind_of_column)
    if kind is Kind.EXACT:
        return pa.array([None if value is None else _digits(Decimal(str(value))) for value in values], pa.string())
    if kind_of_column == pa.string():
        return pa.array([None if value is None else _text(value) for value in values], pa.string())
    return pa.array(values, type=kind_of_column)


def _given(values: Iterable[object]) -> list[Decimal]:
    return [Decimal(str(value)) for value in values if value is not None]


def _held(values: Iterable[Decimal], kind: Kind) -> list[Decimal | None]:
    """Round each value to its column; None for one that does not fit."""
    unit, whole = Decimal(1).scaleb(-_SCALES[kind]), _DIGITS - _SCALES[kind]
    rounded = (
        _ROUNDING.quantize(value, unit) if value.is_finite() and value.adjusted() < whole else None for value in values
    )
    # nines may have been rounded up to one more digit
    return [None if value is None or value.adjusted() >= whole else value for value in rounded]


def _digits(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else str(value)
