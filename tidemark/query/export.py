"""An answer as the bytes of a file: CSV or JSON with every digit of every amount, Parquet, or a picture."""

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal

import msgspec

from tidemark.core.text import escape_json
from tidemark.core.timestamps import format_timestamp
from tidemark.query.answer import Answer
from tidemark.query.chart import chart_of
from tidemark.query.question import Question

FORMATS = ("csv", "json", "ndjson", "parquet", "png", "svg")
PICTURES = ("png", "svg")
BINARY = ("parquet", *PICTURES)

_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r]")


def encoded(question: Question, answer: Answer, form: str) -> bytes:
    """Return the answer in one of `FORMATS`. Raises Problem where a picture has nothing to draw."""
    match form:
        case "csv":
            return as_csv(answer)
        case "json":
            return as_json(answer)
        case "ndjson":
            return as_ndjson(answer)
        case "parquet":
            from tidemark.query.parquet import as_parquet  # noqa: PLC0415 - large, and seldom needed

            return as_parquet(answer)
        case "png" | "svg":
            from tidemark.query.picture import picture  # noqa: PLC0415 - large, and seldom needed

            return picture(chart_of(question, answer), form)
        case _:
            raise ValueError(f"{form!r} has no writer")


def as_csv(answer: Answer) -> bytes:
    """Return the answer as CSV in UTF-8 with a header; None is an empty field, a list is JSON.

    A text that a spreadsheet would run as a formula begins with an apostrophe, which shows it as text.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_field(value) for value in row] for row in answer.rows)
    return text.getvalue().encode()


def as_json(answer: Answer) -> bytes:
    """Return the answer as a JSON list of objects. Amounts are strings, so that no reader rounds them."""
    return escape_json(msgspec.json.format(msgspec.json.encode(_objects(answer)), indent=1)) + b"\n"


def as_ndjson(answer: Answer) -> bytes:
    """Return the answer as one JSON object per line, with amounts as strings."""
    return b"".join(escape_json(msgspec.json.encode(each)) + b"\n" for each in _objects(answer))


def _objects(answer: Answer) -> list[dict[str, object]]:
    return [dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows]


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return format_timestamp(value)
        case _:
            return value


def _field(value: object) -> object:
    match value:
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return msgspec.json.encode(value).decode()
        case date() | Decimal():
            return _plain(value)
        case str() if _FORMULA.match(value):
            return f"'{value}"
        case _:
            return value
