import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sql.conftest import market_url
from tests.support.command import run as run_command
from tidemark.query.exported import TABLES

__all__ = ["market_url"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], market_url: str):
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", market_url)

    def tidemark(*words: str) -> tuple[int, str, str]:
        return run_command(capsys, "export", *words)

    return tidemark


@pytest.mark.parametrize("form", ["parquet", "iceberg"])
def test_a_table_is_exported_and_then_up_to_date(run, tmp_path: Path, form: str) -> None:
    words = (str(tmp_path / "lake"), "--as", form, "--table", "collection_daily")
    status, out, _ = run(*words)
    assert (status, out.splitlines()[1]) == (0, "collection_daily: 2026-11 written")
    assert run(*words)[1] == "collection_daily: 1 months up to date, 0 to write, 0 to remove\n"


def test_an_export_whose_words_nobody_reads_is_whole(tmp_path: Path, market_url: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [Path(sys.executable).with_name("tidemark"), "export", tmp_path / "lake"]
    environment = {**os.environ, "TIDEMARK_WAREHOUSE_URL": market_url}
    ended = subprocess.run(words, check=False, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {file.relative_to(tmp_path / "lake").parts[0] for file in tmp_path.rglob("*.parquet")} == {
        each.name for each in TABLES
    }


def test_an_empty_warehouse_leaves_the_lake(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse_url: str
) -> None:
    words = (str(tmp_path / "lake"), "--table", "collection_daily")
    run(*words)
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", warehouse_url)
    status, _, err = run(*words)
    assert (status, len(list(tmp_path.rglob("*.parquet")))) == (1, 1)
    assert "--allow-removal" in err
    assert run(*words, "--allow-removal")[1].endswith(
        "collection_daily: 2026-11 removed, for the warehouse has none of it\n"
    )
    assert not list(tmp_path.rglob("*.parquet"))


def test_mistakes_are_clear(run, tmp_path: Path) -> None:
    status, _, err = run(str(tmp_path), "--table", "nothing")
    assert status == 2
    assert "nothing is not exported" in err
    status, _, err = run("s3://bucket", "--as", "iceberg")
    assert status == 2
    assert "--catalog" in err
    status, _, err = run("ftp://x")
    assert status == 1
    assert err.startswith("tidemark: ftp://x is neither a folder nor s3://BUCKET/PREFIX")


def test_a_place_that_cannot_be_written_is_named(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    status, _, err = run(str(tmp_path / "file" / "lake"), "--table", "hour_quality")
    assert status == 1
    assert err.startswith(f"tidemark: {tmp_path}/file/lake could not be written: ")
    for name, value in {
        "ENDPOINT_URL": "http://127.0.0.1:1",
        "SECRET_ACCESS_KEY": "planted",
        "ACCESS_KEY_ID": "a",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    status, _, err = run("s3://nowhere/lake", "--table", "hour_quality")
    assert status == 1
    assert err.startswith("tidemark: bucket 'nowhere' at 127.0.0.1:1: the connection was refused")
    assert "planted" not in err


@pytest.mark.parametrize("form", ["parquet", "iceberg"])
def test_a_lake_on_another_machine_is_reached_encrypted_or_by_name(
    run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://a.invalid:1")
    words = ("s3://bucket/lake", "--as", form, "--catalog", str(tmp_path / "catalog.db"), "--table", "hour_quality")
    status, _, err = run(*words)
    assert status == 1
    assert err.startswith("tidemark: the endpoint of S3 reaches a.invalid without encryption; use")
    assert not (tmp_path / "catalog.db").exists()
