import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.loader.recording import HOUR, Recording, sold
from tidemark.core.errors import Problem
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.runs import LoadReport, fingerprints, last_run, report_of, require_migrated
from tidemark.storage.postgres import connected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


REPORT = LoadReport(
    hour="2026-11-22T15", unchanged=False, collectors=["a", "b"], missing=["c"], files=3, lines=1234567, inserted=10,
    replaced=2, duplicates=5, conflicting=0, other=1234549, quarantined=1, covered_seconds=3599.5,
    gaps=["a * 1 to 2: lost"], seconds=12.34,
)  # fmt: skip


def test_an_hour_that_was_never_loaded_has_nothing(settings: LoaderSettings) -> None:
    with connected(settings.warehouse_url) as connection:
        require_migrated(connection)
        assert last_run(connection, HOUR) is None
        assert fingerprints(connection, HOUR, HOUR) == {}
        with pytest.raises(AssertionError, match="has no load_run"):
            report_of(connection, HOUR, [], unchanged=True)


def test_the_newest_load_of_an_hour_counts(s3: "S3Client", settings: LoaderSettings) -> None:
    for number in (1, 2):
        Recording(f"collector-{number}").receive(sold(number), 1).put(s3, settings.bucket)
        load_hour(HOUR, settings, log=str)
    with connected(settings.warehouse_url) as connection:
        run = last_run(connection, HOUR)
        assert run is not None
        assert (run["collectors"], run["lines"]) == (["collector-1", "collector-2"], 2)
        assert fingerprints(connection, HOUR.previous(), HOUR.next()) == {HOUR: run["fingerprint"]}
        assert report_of(connection, HOUR, [], unchanged=True).covered_seconds == 3600


def test_a_migration_that_is_missing_is_named(settings: LoaderSettings) -> None:
    with connected(settings.warehouse_url) as connection:
        connection.execute(text("DELETE FROM ops.schema_migration WHERE version_num = '0002_core'"))
        with pytest.raises(Problem, match="lacks the migrations 0002_core"):
            require_migrated(connection)


def test_it_says_what_a_person_wants_to_know() -> None:
    assert str(REPORT).splitlines() == [
        "2026-11-22T15 loaded in 12.3 s: 3 files by a, b; no manifest yet of c",
        "  lines          1,234,567",
        "  sales                 17  10 new, 2 replaced, 5 known already",
        "  other types    1,234,549",
        "  quarantined            1  see ops.quarantine",
        "  covered          3,599.5  seconds of 3,600",
        "  gap         a * 1 to 2: lost",
    ]


def test_an_unchanged_hour_says_so() -> None:
    said = str(replace(REPORT, unchanged=True, missing=[]))
    assert said.startswith("2026-11-22T15 is loaded and unchanged: 3 files by a, b\n")


def test_an_hour_without_manifests_says_so() -> None:
    said = str(replace(REPORT, collectors=[], files=0))
    assert said.startswith("2026-11-22T15 loaded in 12.3 s: no manifest; no manifest yet of c\n")


def test_conflicts_are_counted() -> None:
    shown = str(replace(REPORT, conflicting=3)).splitlines()[2]
    assert shown.endswith("5 known already, 3 of them with other values: see ops.sale_difference")


def test_it_is_plain_json() -> None:
    assert json.loads(json.dumps(asdict(REPORT))) == asdict(REPORT)
