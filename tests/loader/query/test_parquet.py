import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow.parquet as pq

from loader.query.answer import Answer
from loader.query.parquet import as_parquet


def read(answer: Answer) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(io.BytesIO(as_parquet(answer))).to_pylist()
    return rows


def test_amounts_keep_every_digit() -> None:
    amounts = [Decimal("1.5"), None, Decimal("-0.000000000000000001"), Decimal("1E+3"), Decimal(0)]
    assert [row["price"] for row in read(Answer(("price",), [(amount,) for amount in amounts]))] == amounts


def test_amounts_wider_than_a_decimal_are_text() -> None:
    wide = [Decimal(2**256), Decimal("0.000000000000000001"), None]
    assert [row["price"] for row in read(Answer(("price",), [(amount,) for amount in wide]))] == [
        str(2**256), "0.000000000000000001", None,
    ]  # fmt: skip


def test_other_values_keep_their_types() -> None:
    row = {"n": 7, "ok": True, "day": date(2026, 11, 22), "at": datetime(2026, 11, 22, 15, tzinfo=UTC), "names": ["x"]}
    assert read(Answer(tuple(row), [tuple(row.values())])) == [row]
    assert read(Answer(("by",), [({"a": 1},), (None,)])) == [{"by": '{"a":1}'}, {"by": None}]


def test_an_answer_without_rows_has_its_columns() -> None:
    assert pq.read_table(io.BytesIO(as_parquet(Answer(("a", "b"), [])))).column_names == ["a", "b"]
