import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.query.answer import Answer
from tidemark.query.parquet import as_parquet

NUMERIC, TEXT, JSONB = 1700, 25, 3802
ROW: dict[str, tuple[int, object]] = {
    "n": (20, 7), "ok": (16, True), "day": (1082, date(2026, 11, 22)), "share": (701, 0.5),
    "at": (1184, datetime(2026, 11, 22, 15, tzinfo=UTC)), "names": (1009, ["x"]), "name": (TEXT, "x"),
}  # fmt: skip


def table(answer: Answer) -> pa.Table:
    return pq.read_table(io.BytesIO(as_parquet(answer)))


def amounts(values: list[Decimal | None]) -> pa.ChunkedArray:
    return table(Answer(("price",), [(value,) for value in values], (NUMERIC,))).column("price")


def test_amounts_keep_every_digit() -> None:
    prices = [Decimal("1.5"), None, Decimal("-0.000000000000000001"), Decimal("1E+3"), Decimal(0)]
    assert amounts(prices).to_pylist() == prices
    assert amounts(prices).type == pa.decimal128(38, 18)


@given(st.lists(st.none() | st.decimals(allow_nan=False, places=18, min_value=-(10**19), max_value=10**19), min_size=1))
def test_amounts_of_up_to_38_digits_are_decimals_that_every_reader_knows(prices: list[Decimal | None]) -> None:
    assert amounts(prices).to_pylist() == prices
    assert pa.types.is_decimal128(amounts(prices).type)


@pytest.mark.parametrize("wide", [Decimal(2**256), Decimal("NaN"), Decimal("103274.726405451315219763806990123456698")])
def test_a_column_with_a_wider_amount_is_text(wide: Decimal) -> None:
    assert amounts([wide, Decimal("0.000000000000000001"), None]).to_pylist() == [
        f"{wide:f}", "0.000000000000000001", None,
    ]  # fmt: skip


def test_zeros_at_the_end_need_no_digits() -> None:
    assert amounts([Decimal("6.0000000000000000000000000000000000000000000")]).to_pylist() == [Decimal(6)]


def test_other_values_keep_their_types() -> None:
    types, values = zip(*ROW.values(), strict=True)
    assert table(Answer(tuple(ROW), [values], types)).to_pylist() == [dict(zip(ROW, values, strict=True))]
    assert table(Answer(("by",), [({"a": 1},), (None,)], (JSONB,))).to_pylist() == [{"by": '{"a":1}'}, {"by": None}]


def test_a_column_without_values_has_its_type() -> None:
    types = tuple(number for number, _ in ROW.values())
    full = table(Answer(tuple(ROW), [tuple(value for _, value in ROW.values())], types))
    assert table(Answer(tuple(ROW), [], types)).schema == full.schema
    assert table(Answer(tuple(ROW), [(None,) * len(ROW)], types)).schema == full.schema
    assert pa.types.is_decimal128(amounts([]).type)
