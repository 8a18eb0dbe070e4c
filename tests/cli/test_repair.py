import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.loader.recording import TOPIC, Recording
from tidemark.archive.manifest import Gap, Interval
from tidemark.core.hour import Hour
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.local.services.s3 import S3Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.postgres
COMMAND = str(Path(sys.executable).with_name("tidemark"))
HOUR = Hour.parse("2026-11-22T15")


def run(cwd: Path, *options: str, command: str = "repair", **environment: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [COMMAND, command, *options], env=base | environment, cwd=cwd, capture_output=True, text=True, check=False
    )


def test_without_a_key_the_gaps_are_shown_and_nothing_fails(
    tmp_path: Path, s3_server: S3Server, warehouse_url: str, bucket: str
) -> None:
    client: S3Client = s3_server.client()
    half = HOUR.start + timedelta(minutes=30)
    covered, gap = Interval(TOPIC, HOUR.start, half), Gap(TOPIC, half, HOUR.end, "process_died")
    Recording(hour=HOUR, covered=[covered], gaps=[gap]).put(client, bucket)
    load_hour(HOUR, LoaderSettings(warehouse_url=warehouse_url, bucket=bucket), log=str)
    environment = {"TIDEMARK_WAREHOUSE_URL": warehouse_url, "TIDEMARK_BUCKET": bucket, **s3_server.environment}

    ended = run(tmp_path, HOUR.key, "--json", OPENSEA_API_KEY="", **environment)

    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert (report["open_windows"], report["open_seconds"], report["loads"]) == (1, 1800.0, [])
    assert "OPENSEA_API_KEY is not set" in report["why"]
    assert "open windows: 1, 1,800 s" in ended.stderr


def test_settings_that_are_missing_are_named_all_at_once(tmp_path: Path) -> None:
    ended = run(tmp_path)
    assert ended.returncode == 2
    assert "TIDEMARK_WAREHOUSE_URL" in ended.stderr
    assert "TIDEMARK_BUCKET" in ended.stderr
    assert "Traceback" not in ended.stderr
