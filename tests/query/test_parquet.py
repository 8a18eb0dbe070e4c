import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from tidemark.query.answer import Answer, Kind
from tidemark.query.parquet import as_parquet, unheld

NUMERIC, TEXT, JSONB = 1700, 25, 3802
ROW: dict[str, tuple[int, object]] = {
    "n": (20, 7), "ok": (16, True), "day": (1082, date(2026, 11, 22)), "share": (701, 0.5),
    "at": (1184, datetime(2026, 11, 22, 15, tzinfo=UTC)), "names": (1009, ["x"]), "name": (TEXT, "x"),
}  # fmt: skip


def table(answer: Answer) -> pa.Table:
    return pq.read_table(io.BytesIO(as_parquet(answer)))


def amounts(values: list[Decimal | None], kind: Kind = Kind.RATE) -> pa.ChunkedArray:
    answer = Answer(("price",), [(value,) for value in values], (NUMERIC,), kinds={"price": kind})
    return table(answer).column("price")


def test_amounts_by_a_rate_have_eighteen_decimals() -> None:
    prices = [Decimal("1.5"), None, Decimal("-0.000000000000000001"), Decimal("1E+3"), Decimal(0)]
    assert amounts(prices).to_pylist() == prices
    assert amounts([Decimal("0.1234567890123456785"), Decimal("2e-19")]).to_pylist() == [
        Decimal("0.123456789012345678"), Decimal(0),
    ]  # fmt: skip


ANY = st.none() | st.decimals(allow_nan=True, allow_infinity=True) | st.integers(-(2**256), 2**256).map(Decimal)
TYPES = {Kind.RATE: pa.decimal128(38, 18), Kind.WHOLE: pa.decimal128(38, 0), Kind.EXACT: pa.string()}


@given(st.lists(ANY), st.sampled_from(Kind))
def test_a_column_has_one_type_whatever_it_holds(values: list[Decimal | None], kind: Kind) -> None:
    column = amounts(values, kind)
    assert column.type == TYPES[kind]
    assert len(column) == len(values)


@given(st.lists(st.decimals(allow_nan=False, places=18, min_value=-(10**20) + 1, max_value=10**20 - 1)))
def test_what_fits_keeps_every_digit(prices: list[Decimal]) -> None:
    assert amounts(list(prices)).to_pylist() == prices


def test_exact_amounts_are_text_and_whole_numbers_have_38_digits() -> None:
    wide = Decimal("103274.726405451315219763806990123456698")
    assert amounts([wide, Decimal("1.50"), None, Decimal(2**256)], Kind.EXACT).to_pylist() == [
        str(wide), "1.5", None, str(2**256),
    ]  # fmt: skip
    assert amounts([Decimal(10**38 - 1), Decimal(10**38)], Kind.WHOLE).to_pylist() == [10**38 - 1, None]


def test_what_a_file_cannot_hold_is_named() -> None:
    largest = Decimal(2**256 - 1).scaleb(-18)
    answer = Answer(("a", "b", "c"), [(largest, Decimal(1), largest)], (NUMERIC,) * 3, kinds={"c": Kind.EXACT})
    assert unheld(answer) == {"a": 1}
    assert table(answer).to_pylist() == [{"a": None, "b": 1, "c": f"{largest:f}"}]


def test_what_only_rounding_makes_too_large_is_named_too() -> None:
    nines, half = Decimal(f"{10**20 - 1}.{'9' * 19}"), Decimal(f"{10**38 - 1}.5")
    for value, kind in ((nines, Kind.RATE), (half, Kind.WHOLE)):
        answer = Answer(("a",), [(value,)], (NUMERIC,), kinds={"a": kind})
        assert (unheld(answer), table(answer).to_pylist()) == ({"a": 1}, [{"a": None}])


def test_files_of_several_runs_are_one_table_to_every_reader(tmp_path: Path) -> None:
    runs = [["1.5", None], ["100.123456789012345678901", "0.5"], [None, None], ["99999999999999999000", "1e-30"]]
    for number, run in enumerate(runs):
        rows = [(None if value is None else Decimal(value),) for value in run]
        (tmp_path / f"{number}.parquet").write_bytes(as_parquet(Answer(("volume_eth",), rows, (NUMERIC,))))
    total = Decimal("99999999999999999102.123456789012345679")
    statement = f"SELECT sum(volume_eth) FROM read_parquet('{tmp_path}/*.parquet')"
    assert duckdb.connect().execute(statement).fetchall() == [(total,)]
    assert pc.sum(pq.read_table(tmp_path).column("volume_eth")).as_py() == total


def test_other_values_keep_their_types() -> None:
    types, values = zip(*ROW.values(), strict=True)
    assert table(Answer(tuple(ROW), [values], types)).to_pylist() == [dict(zip(ROW, values, strict=True))]
    assert table(Answer(("by",), [({"a": 1},), (None,)], (JSONB,))).to_pylist() == [{"by": '{"a":1}'}, {"by": None}]


def test_a_column_without_values_has_its_type() -> None:
    types = tuple(number for number, _ in ROW.values())
    full = table(Answer(tuple(ROW), [tuple(value for _, value in ROW.values())], types))
    assert table(Answer(tuple(ROW), [], types)).schema == full.schema
    assert table(Answer(tuple(ROW), [(None,) * len(ROW)], types)).schema == full.schema
    assert amounts([]).type == pa.decimal128(38, 18)
