import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from tests.loader.recording import HOUR
from tests.loader.transform.messages import sale_of, sold
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.warehouse.copy import copied
from tidemark.loader.warehouse.kind import Kinds
from tidemark.loader.warehouse.load import SQL, add_month, merge, merge_steps
from tidemark.loader.warehouse.rows import OBSERVATION_COLUMNS, observation_row
from tidemark.loader.warehouse.staging import codes_of
from tidemark.storage.postgres import connected

RUN = {
    "fingerprint": "x",
    "started_at": datetime(2026, 11, 22, tzinfo=UTC),
    "software": "test",
    "force": False,
    "again": False,
    "missing": [],
    "topics": [],
    "topic_counts": "[]",
    "event_counts": "[]",
    "book_depth": 0,
    "transfers": False,
}


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[Connection]:
    with connected(SecretStr(warehouse_url)) as connection:
        yield connection


def test_the_steps_go_from_staging_to_the_books_to_the_marts() -> None:
    names = [step.name for step in merge_steps()]
    assert names[:2] == ["1_market.sql", "2_rank.sql"]
    assert names.index("8_account.sql") < names.index("refresh_1_collection_hourly.sql")
    assert "1_stage.sql" not in names


@pytest.mark.parametrize("lost", ["lines", "other", "quarantined", "sales"])
def test_sums_that_do_not_balance_cannot_be_committed(connection: Connection, lost: str) -> None:
    found = {"lines": 5, "sales": 2, "other": 2, "quarantined": 1}
    found[lost] += 1
    values = {**RUN, "hour": HOUR.start, "collectors": ["a"], "covered": "[]", "gaps": "[]", "load_id": 1}
    add_month(connection, HOUR)
    connection.execute(text((SQL / "load" / "1_stage.sql").read_text()), values)
    some = [sale_of(sold(quantity=line)) for line in range(found.pop("sales"))]
    codes = codes_of(connection)
    rows = [observation_row((line, 1, "a"), sale, codes, Kinds(codes.salt)) for line, sale in enumerate(some)]
    copied(connection, "observation_row", OBSERVATION_COLUMNS, BytesIO(b"".join(rows)))
    file = {"file": 1, "key": "k", "collector": "a", "sha256": "", "bytes": 0, **found}
    with pytest.raises(Problem, match="the lines of 2026-11-22T15 do not add up") as caught:
        merge(connection, {**values, "files": json.dumps([file])})
    assert "every_line_has_one_outcome" in caught.value.what


class SeenError(Exception):
    """Ends a load at its first step, with the values of that."""


@pytest.mark.parametrize(
    ("hour", "first", "end"),
    [
        ("2026-11-22T15", "2026-10-01", "2026-12-01"),
        ("2027-01-31T23", "2026-12-01", "2027-02-01"),
        ("2026-03-01T00", "2026-02-01", "2026-04-01"),
        ("2026-12-01T00", "2026-11-01", "2027-01-01"),
    ],
)
def test_an_hours_sales_are_looked_for_first_in_its_month_and_the_one_before(
    connection: Connection, hour: str, first: str, end: str
) -> None:
    def see(_: Connection, __: Path, values: dict[str, Any]) -> None:
        raise SeenError(values["near_from"].isoformat(), values["near_to"].isoformat())

    with pytest.raises(SeenError) as caught:
        merge(connection, {"hour": Hour.parse(hour).start}, see)
    assert caught.value.args == (f"{first}T00:00:00+00:00", f"{end}T00:00:00+00:00")
