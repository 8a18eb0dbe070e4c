import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.test_repair import run as run_repair
from tests.loader.repair.test_gaps import HOUR, recording, sale, tell
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.local.services.s3 import S3Server
from tidemark.simulator.server import Simulator

pytestmark = pytest.mark.postgres


async def test_the_command_audits_loads_and_says_what_it_found(
    tmp_path: Path, s3_server: S3Server, warehouse_url: str, bucket: str, simulator: Simulator
) -> None:
    told = [sale(minute, minute) for minute in range(5, 25)]
    tell(simulator, *told)
    seen = recording("collector-a")
    for message in told[:19]:
        seen.receive(message, 60)
    seen.put(s3_server.client(), bucket)
    load_hour(HOUR, LoaderSettings(warehouse_url=warehouse_url, bucket=bucket), log=str)
    environment = {"TIDEMARK_WAREHOUSE_URL": warehouse_url, "TIDEMARK_BUCKET": bucket, **s3_server.environment,
                   "TIDEMARK_API_URL": simulator.api_url, "TIDEMARK_AUDIT_DELAY": "0"}  # fmt: skip

    def audit(*options: str, key: str = "key-a") -> tuple[int, str, str]:
        ended = run_repair(tmp_path, HOUR.key, *options, command="audit", OPENSEA_API_KEY=key, **environment)
        return ended.returncode, ended.stdout, ended.stderr

    status, lines, _ = await asyncio.to_thread(audit, "--dry-run")
    assert (status, "hours to audit: 1\n  windows: 1, chosen" in lines) == (0, True)
    status, lines, errors = await asyncio.to_thread(audit, key="not-a-key")
    assert (status, "OPENSEA_API_KEY" in errors, "not-a-key" in lines + errors) == (1, True, False)
    status, text, errors = await asyncio.to_thread(audit, "--json")
    assert status == 0, errors
    report = json.loads(text)
    assert [(found["api_sales"], found["api_unseen"]) for found in report["audited"]] == [(20, 1)]
    assert [load["inserted"] for load in report["loads"]] == [1]
    assert "by none 1 although covered" in errors
    status, lines, _ = await asyncio.to_thread(audit)
    assert (status, "hours to audit: 0" in lines) == (0, True)
