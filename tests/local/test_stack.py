from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tidemark.local.background import Interrupts
from tidemark.local.environment import BUCKET, Source
from tidemark.local.stack import Stack

pytestmark = pytest.mark.postgres


def query(stack: Stack, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(stack.postgres.url("warehouse"))) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall()
        connection.commit()
        return rows


def test_what_one_run_leaves_the_next_one_finds_and_nothing_runs_in_between(tmp_path: Path) -> None:
    said: list[str] = []
    with Interrupts() as interrupts, Stack(tmp_path, interrupts, said.append) as stack:
        stack.start_storage()
        query(stack, "INSERT INTO core.offer_token VALUES ('mark', 'kept') RETURNING 1")
        stack.s3.client().put_object(Bucket=BUCKET, Key="events/a.zst", Body=b"kept")
    assert not stack.postgres.running
    assert stack.s3.pid is None
    with Interrupts() as interrupts, Stack(tmp_path, interrupts, said.append) as stack:
        stack.start_storage()
        assert query(stack, "SELECT count(*) FROM core.offer_token WHERE chain = 'mark'") == [(1,)]
        assert stack.s3.client().get_object(Bucket=BUCKET, Key="events/a.zst")["Body"].read() == b"kept"
        settings = stack.loader_environment(Source("nothing"))
        assert settings["TIDEMARK_WAREHOUSE_URL"] == stack.postgres.url("warehouse")
        assert settings["AWS_ENDPOINT_URL"] == stack.s3.endpoint
    assert said.count("warehouse: migrations applied") == 2


def test_parts_that_run_end_also_when_something_fails(tmp_path: Path) -> None:
    def fail(stack: Stack) -> None:
        with stack:
            stack.start_storage()
            raise ValueError("on purpose")

    with Interrupts() as interrupts, pytest.raises(ValueError, match="on purpose"):
        fail(stack := Stack(tmp_path, interrupts, lambda _: None))
    assert not stack.postgres.running
    assert stack.s3.pid is None
