import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.query.answer import Answer
from tidemark.query.export import as_csv, as_json, as_ndjson

WEI = Decimal("0.000000000000000001")
ANSWER = Answer(
    ("day", "at", "price", "ok", "names", "by", "note"),
    [
        (date(2026, 11, 22), datetime(2026, 11, 22, 15, tzinfo=UTC), WEI, True, ["x", "y"], {"a": 1}, 'a "b", c\nd'),
        (None, None, Decimal(2**256), False, [], {}, None),
    ],
)


def test_csv_keeps_every_digit_and_quotes_what_needs_it() -> None:
    assert as_csv(ANSWER).decode() == (
        "day,at,price,ok,names,by,note\n"
        '2026-11-22,2026-11-22T15:00:00.000000Z,0.000000000000000001,true,"[""x"",""y""]","{""a"":1}","a ""b"", c\nd"\n'
        f",,{2**256},false,[],{{}},\n"
    )


def test_json_keeps_amounts_as_text() -> None:
    first, second = json.loads(as_json(ANSWER))
    assert first == {
        "day": "2026-11-22", "at": "2026-11-22T15:00:00.000000Z", "price": "0.000000000000000001", "ok": True,
        "names": ["x", "y"], "by": {"a": 1}, "note": 'a "b", c\nd',
    }  # fmt: skip
    assert (second["price"], second["day"]) == (str(2**256), None)


def test_ndjson_has_an_object_per_line() -> None:
    assert [json.loads(line) for line in as_ndjson(ANSWER).splitlines()] == json.loads(as_json(ANSWER))
    assert as_ndjson(Answer(("a",), [])) == b""


@given(st.lists(st.tuples(st.text(), st.decimals(allow_nan=False, allow_infinity=False)), max_size=5))
def test_what_is_written_can_be_read_again(rows: list[tuple[str, Decimal]]) -> None:
    answer = Answer(("text", "amount"), [(text.replace("\r", ""), amount) for text, amount in rows])
    _, *read = csv.reader(io.StringIO(as_csv(answer).decode("utf-8", "surrogatepass"), newline=""))
    plain = [(text[text[:1] == "'" and not given.startswith("'") :], Decimal(amount))
             for (text, amount), (given, _) in zip(read, answer.rows, strict=True)]  # fmt: skip
    assert plain == answer.rows
    assert [(row["text"], Decimal(row["amount"])) for row in json.loads(as_json(answer))] == answer.rows


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\uff1d1", "=cmd|' /C calc'!A0"])
def test_a_text_that_a_spreadsheet_would_run_is_shown_as_text(text: str) -> None:
    _, (cell, amount) = csv.reader(io.StringIO(as_csv(Answer(("text", "amount"), [(text, Decimal(-1))])).decode()))
    assert (cell, amount) == (f"'{text}", "-1")
