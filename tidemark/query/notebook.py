"""Named questions for notebooks: an answer as an Arrow table, from which pandas and polars make theirs."""

import warnings
from datetime import date, datetime

import pyarrow as pa
from pydantic import SecretStr

from tidemark.core.timestamps import format_timestamp
from tidemark.query.parquet import arrow_of, unheld
from tidemark.query.postgres import ask
from tidemark.query.question import question as question_of
from tidemark.storage.settings import WarehouseSettings


def query(question: str, *, url: str | None = None, **given: object) -> pa.Table:
    """Return the answer to a named question as an Arrow table with one row per its grain.

    `given` are the question's parameters as `tidemark query` takes them, or as dates, aware times and numbers; write
    `from_` for `from`. `url` is the warehouse's address, TIDEMARK_WAREHOUSE_URL by default. Amounts by a rate are
    decimal128(38, 18), other amounts text with every digit, times UTC. A value too large for its column is null, with
    a warning, as is said what the answer lacks. Raises Problem for a question or parameter that does not exist, and
    where the warehouse cannot be asked.
    """
    texts = {name.removesuffix("_"): _text(value) for name, value in given.items() if value is not None}
    answer = ask(SecretStr(url) if url else WarehouseSettings().warehouse_url, question_of(question), texts)
    for said in (answer.lacks, answer.why_empty):
        if said:
            warnings.warn(said, stacklevel=3)
    if columns := unheld(answer):
        warnings.warn(f"null where it is too large for its column: {', '.join(columns)}", stacklevel=3)
    return arrow_of(answer)


def _text(value: object) -> str:
    match value:
        case datetime():
            return format_timestamp(value)
        case date():
            return value.isoformat()
        case _:
            return str(value)
