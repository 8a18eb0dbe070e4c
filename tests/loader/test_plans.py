"""No statement of a load or of a scored day takes for ever where PostgreSQL believes the warehouse to be empty.

An ANALYZE that runs while a table's only rows are not committed yet leaves such statistics behind, and one may run at
any moment of a load.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from tests.loader.recording import HOUR, Recording, fetched, sold
from tests.loader.test_hours import quiet
from tests.loader.test_versions import NEWEST, OLDEST, server_of
from tidemark.loader.hours import load_hour
from tidemark.loader.marts import MARTS
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.load import load as load_run
from tidemark.loader.warehouse.migrate import migrate
from tidemark.storage.postgres import connected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Load = Callable[..., list[str]]

SALES = 400
MOST = 10 * SALES  # rows that one node of a plan may look at; a join row by row looks at SALES * SALES
BELIEVED_EMPTY = text("""
    UPDATE pg_class SET reltuples = 0, relpages = greatest(1, pg_relation_size(oid) / 8192)
    WHERE oid = 'core.sale_sighting'::regclass OR relnamespace = 'months'::regnamespace AND relkind = 'r'
""")
LOOKED_AT = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
PLANNED = re.compile(r"WITH|INSERT|UPDATE|DELETE|CREATE TEMP TABLE \w+ ON COMMIT DROP AS")


@pytest.fixture(params=range(OLDEST, NEWEST + 1))
def warehouse(request: pytest.FixtureRequest, settings: LoaderSettings, tmp_path: Path) -> Iterator[LoaderSettings]:
    """A warehouse on each version of PostgreSQL: they do not plan alike."""
    with server_of(tmp_path / "postgres", request.param) as server:
        migrate(SecretStr(server.url()), log=quiet)
        yield settings.model_copy(update={"warehouse_url": SecretStr(server.url())})


@pytest.fixture
def load(s3: "S3Client", warehouse: LoaderSettings) -> Load:
    """Put a recording, load its hour, and return what looked at too many rows."""

    def put(recording: Recording, *, force: bool = False) -> list[str]:
        slow: list[str] = []

        def watch(connection: Connection, step: Path, values: dict[str, Any]) -> None:
            slow.extend(watched([step], connection, values))

        recording.put(s3, warehouse.bucket)
        load_hour(recording.hour, warehouse, force=force, log=quiet, loading=partial(load_run, run_step=watch))
        return slow

    return put


def watched(files: Iterable[Path], connection: Connection, values: dict[str, Any]) -> Iterator[str]:
    """Run SQL files, each statement believing in no rows; yield the statements of which a node looks at too many."""
    for file in files:
        for statement in statements(file):
            connection.execute(BELIEVED_EMPTY)
            if not PLANNED.match(statement):
                connection.execute(text(statement), values)
                continue
            explained = connection.scalar(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"), values)
            for node in nodes(explained[0]["Plan"]):
                if node["Actual Loops"] * sum(node.get(name, 0) for name in LOOKED_AT) > MOST:
                    yield f"{file.name}: {node['Node Type']} in {statement}"


def statements(file: Path) -> list[str]:
    code = re.sub(r"^\s*--.*\n", "", file.read_text(), flags=re.MULTILINE)
    return [statement.strip() for statement in code.split(";\n") if statement.strip()]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def streamed(collector: str = "collector-a", sales: int = SALES, at: float = 5.0) -> Recording:
    recording = Recording(collector)
    for number in range(sales):
        recording.receive(sold(number), number + at)
    return recording


def repaired(sales: int = SALES) -> Recording:
    recording = Recording("events-api-1", HOUR.next(), topic="events-api")
    for number in range(sales):
        recording.receive(fetched(number, order_hash=""), 60)
    return recording


def test_a_join_row_by_row_is_noticed(warehouse: LoaderSettings, load: Load, tmp_path: Path) -> None:
    load(streamed())
    file = tmp_path / "slow.sql"
    file.write_text(
        "WITH a AS (SELECT token_id FROM core.sale)\nSELECT count(*) FROM a, a AS b WHERE a.token_id < b.token_id;\n"
    )
    with connected(warehouse.warehouse_url) as connection:
        assert "slow.sql: Nested Loop in WITH a" in "".join(watched([file], connection, {}))


def test_an_hour_is_loaded_read_again_and_taken_back(load: Load) -> None:
    assert load(streamed()) == []
    assert load(streamed("collector-b", at=4.0)) == []
    assert load(streamed(at=7.0), force=True) == []
    assert load(streamed(sales=SALES // 2)) == []
    assert load(streamed("collector-b", sales=1)) == []


def test_another_name_is_superseded_and_comes_back(load: Load) -> None:
    assert load(repaired()) == []
    assert load(streamed()) == []
    assert load(streamed(sales=1)) == []
    assert load(repaired(sales=1)) == []


def test_a_day_is_scored(warehouse: LoaderSettings, load: Load) -> None:
    load(streamed())
    day = datetime.combine(HOUR.start.date(), time(), UTC)
    with connected(warehouse.warehouse_url) as connection:
        assert list(watched(sorted(MARTS.glob("daily_*.sql")), connection, {"day": day})) == []
