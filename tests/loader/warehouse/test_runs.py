from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.loader.recording import HOUR, Recording, sold
from tidemark.core.errors import Problem
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.runs import covered_seconds, fingerprints, last_run, open_gaps, require_migrated
from tidemark.storage.postgres import connected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_an_hour_that_was_never_loaded_has_nothing(settings: LoaderSettings) -> None:
    with connected(settings.warehouse_url) as connection:
        require_migrated(connection)
        assert last_run(connection, HOUR) is None
        assert fingerprints(connection, HOUR, HOUR) == {}
        assert (covered_seconds(connection, HOUR), open_gaps(connection, HOUR)) == (0, [])


def test_the_newest_load_of_an_hour_counts(s3: "S3Client", settings: LoaderSettings) -> None:
    for number in (1, 2):
        Recording(f"collector-{number}").receive(sold(number), 1).put(s3, settings.bucket)
        load_hour(HOUR, settings, say=str)
    with connected(settings.warehouse_url) as connection:
        run = last_run(connection, HOUR)
        assert run is not None
        assert (run["collectors"], run["lines"]) == (["collector-1", "collector-2"], 2)
        assert fingerprints(connection, HOUR.previous(), HOUR.next()) == {HOUR: run["fingerprint"]}


def test_a_migration_that_is_missing_is_named(settings: LoaderSettings) -> None:
    with connected(settings.warehouse_url) as connection:
        connection.execute(text("DELETE FROM ops.schema_migration WHERE version_num = '0002_core'"))
        with pytest.raises(Problem, match="lacks the migrations 0002_core"):
            require_migrated(connection)
