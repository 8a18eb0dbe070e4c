"""An answer as CSV or JSON text, with every digit of every amount."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import msgspec

from tidemark.core.timestamps import format_timestamp
from tidemark.query.answer import Answer


def as_csv(answer: Answer) -> bytes:
    """Return the answer as CSV in UTF-8 with a header; None is an empty field, a list is JSON."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_field(value) for value in row] for row in answer.rows)
    return text.getvalue().encode()


def as_json(answer: Answer) -> bytes:
    """Return the answer as a JSON list of objects. Amounts are strings, so that no reader rounds them."""
    rows = [dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows]
    return msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n"


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
        case _:
            return value
