"""An answer as Parquet, with every digit of every amount."""

import io
from decimal import Decimal
from typing import cast

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from loader.query.answer import Answer

_WIDEST = 76  # digits of the largest decimal


def as_parquet(answer: Answer) -> bytes:
    """Return the answer as Parquet. Amounts are decimals of the width they need; wider than 76 digits, text."""
    names = list(answer.columns)
    table = pa.Table.from_arrays([_array(answer.column(name)) for name in names], names=names)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _array(values: list[object]) -> pa.Array:
    if any(isinstance(value, dict) for value in values):
        return pa.array([None if value is None else msgspec.json.encode(value).decode() for value in values])
    amounts = [value for value in values if isinstance(value, Decimal)]
    if not amounts:
        return pa.array(values)
    scale = max(max(-cast("int", amount.as_tuple().exponent), 0) for amount in amounts)
    whole = max(amount.adjusted() + 1 for amount in amounts)
    if scale + max(whole, 1) > _WIDEST:
        return pa.array([None if value is None else f"{value:f}" for value in values])
    return pa.array(values, type=pa.decimal256(scale + max(whole, 1), scale))
