"""An answer as Parquet, with every digit of every amount."""

import io
from decimal import Decimal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from tidemark.query.answer import Answer

_NUMERIC = 1700
# by PostgreSQL's pg_type.oid; what is not listed becomes text
_TYPES = {
    16: pa.bool_(), 20: pa.int64(), 21: pa.int64(), 23: pa.int64(), 701: pa.float64(), 1009: pa.list_(pa.string()),
    1082: pa.date32(), 1184: pa.timestamp("us", "UTC"),
}  # fmt: skip
_DIGITS = 38  # of the widest decimal that every reader takes as one; some make a float of a wider one


def as_parquet(answer: Answer) -> bytes:
    """Return the answer as Parquet. Amounts are decimals as wide as they need; beyond 38 digits, text."""
    columns = zip(answer.columns, answer.types, strict=True)
    arrays = [_array(answer.column(name), number) for name, number in columns]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=list(answer.columns)), buffer)
    return buffer.getvalue()


def _array(values: list[object], number: int) -> pa.Array:
    if number == _NUMERIC:
        return _amounts([None if value is None else Decimal(str(value)) for value in values])
    if kind := _TYPES.get(number):
        return pa.array(values, type=kind)
    return pa.array([None if value is None else _text(value) for value in values], type=pa.string())


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else str(value)


def _amounts(values: list[Decimal | None]) -> pa.Array:
    texts = pa.array([None if value is None else _digits(value) for value in values], type=pa.string())
    parts = [_digits(value).lstrip("-").partition(".") for value in values if value is not None]
    scale = max((len(decimals) for _, _, decimals in parts), default=0)
    digits = max((len(whole) for whole, _, _ in parts), default=0) + scale
    finite = all(value is None or value.is_finite() for value in values)
    return texts.cast(pa.decimal128(_DIGITS, scale)) if finite and digits <= _DIGITS else texts


def _digits(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
