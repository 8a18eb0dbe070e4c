"""The real messages through the whole path: simulator, collector, file, upload, DAG, warehouse."""

import json
import os
import sys
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from tests.support.real_sales import NEW_SERVER, SNEAKERHEADS, STAMP_PUNK
from tidemark.core.clock import Clock
from tidemark.core.hour import Hour
from tidemark.local.environment import Source, bare, collecting, loading, uploading
from tidemark.local.process import Process, tidemark
from tidemark.local.services.s3 import S3Server

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.postgres, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
REAL = ROOT / "tests" / "fixtures" / "stream"
HOUR = Hour.parse("2026-11-20T10")
COLLECTOR = "collector-a"
_DECIDED_BY_THE_LOAD = {
    *("received_at", "loaded_at", "source_hour", "first_collector", "first_load_id"),
    *("fill", "payload_hash"),
}


WRONG = {
    "cut: the message was cut: payload.protocol_data.parameters has no offer": 2,
    "cut: the message was cut: payload.payment_token has no address": 1,
    "cut: the message was cut: payload has no protocol_address": 1,
    "elided: a part was left out when the message was printed: Expected `object | null`, got `str`"
    " - at `$.payload.item.chain`": 1,
    'unparsed: the collector did not understand the frame: {  "chain": {   "name": "ethereum"  },  "collection": {'
    '   "slug": "pudgypenguins"  },  "event_timestamp": "2023-06-02T19': 1,
}


def clock(moment: datetime) -> str:
    """A clock that shows a moment now."""
    return str(Clock(moment, time.time(), 1.0))


def recording(folder: Path) -> tuple[Path, int]:
    """The real messages, one to a line, with a sale in the form that servers have sent since 2026 as the last."""
    texts = [file.read_bytes() for file in sorted(REAL.glob("*.json")) if ".case." not in file.name]
    lines = [text.replace(b"\n", b" ") for text in texts]
    lines += (REAL / "array-frames.2026.trimmed.jsonl").read_bytes().splitlines()
    lines.append(
        json.dumps(as_sent_since_2026(json.loads((REAL / "item_sold.2023.object-frame.json").read_text()))).encode()
    )
    file = folder / "recording.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file, len(lines)


def as_sent_since_2026(frame: dict[str, Any]) -> list[Any]:
    """The same sale in another transaction: an array frame, dates that end in Z, seconds since 1970 as text."""
    message = frame["payload"]
    sale = message["payload"]
    sale |= {
        "chain": "ethereum",
        "closing_date": "2023-05-22T00:52:47.000000Z",
        "event_timestamp": "2023-05-22T00:52:47.000000Z",
    }
    sale["transaction"] = {"hash": NEW_SERVER["transaction_hash"], "timestamp": "1684716767"}
    sale["payment_token"]["name"] = "Ethereum"
    envelope = {
        "event_type": "item_sold",
        "version": 1684716767000,
        "sent_at": "2023-05-22T00:52:57.056776Z",
        "payload": sale,
    }
    return ["1", None, "collection:*", "item_sold", envelope]


def run(name: str, command: list[str], folder: Path, **settings: str) -> str:
    return Process(name, command, bare(os.environ) | settings, folder / f"{name}.log").run(timeout=300)


def record(folder: Path) -> None:
    """Let a collector record what the simulator replays, until all of it lies in the spool."""
    file, messages = recording(folder)
    command = tidemark("simulate", "--json", "--port", "0", "--key", f"{COLLECTOR}=key", "--recording", str(file))
    settings = {"TIDEMARK_CLOCK": clock(HOUR.start.replace(minute=20))}
    with Process("simulate", command, bare(os.environ) | settings, folder / "simulate.log") as simulator:
        url = json.loads(simulator.first_line(60))["stream_url"]
        source = Source("the simulator", {"TIDEMARK_STREAM_URL": url}, keys={COLLECTOR: "key"})
        told = collecting(COLLECTOR, folder / "spool", source, clock=settings["TIDEMARK_CLOCK"])
        with Process("collect", tidemark("collect"), bare(os.environ) | told, folder / "collect.log"):
            segment = folder / "spool" / "open" / f"{HOUR.compact}.0001.jsonl"
            deadline = time.monotonic() + 120
            while not segment.exists() or segment.read_bytes().count(b"\n") < messages:
                assert time.monotonic() < deadline, (folder / "collect.log").read_text()
                time.sleep(0.05)


def load(folder: Path, settings: dict[str, str]) -> None:
    """Run the DAG for the hour, in one process with a metadata database of its own."""
    airflow = {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "PYTHONPATH": str(ROOT),
    }
    run("migrate", [sys.executable, "-m", "airflow", "db", "migrate"], folder, **airflow)
    asked = json.dumps([["load_sales", {"hour": HOUR.key}]])
    said = run("dag", [sys.executable, "-m", "tests.dags.run_dags", asked], folder, **airflow, **settings)
    ended = [json.loads(line) for line in said.splitlines() if line.startswith('{"dag"')]
    assert [each["state"] for each in ended] == ["success"], said


def rows(url: str, query: str) -> list[dict[str, Any]]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query)
        return [dict(row) for row in cursor.fetchall()]


@pytest.fixture
def loaded(tmp_path: Path, s3_server: S3Server, bucket: str, warehouse_url: str) -> str:
    """A warehouse into which the real messages came by the whole path."""
    record(tmp_path)
    archive = s3_server.environment | {"TIDEMARK_BUCKET": bucket}
    told = uploading(COLLECTOR, tmp_path / "spool", clock=clock(HOUR.end.replace(minute=5)))
    run("upload", tidemark("upload"), tmp_path, **told | archive)
    settings = loading(warehouse_url, Source("the simulator")) | archive | {"TIDEMARK_COLLECTORS": COLLECTOR}
    load(tmp_path, settings)
    return warehouse_url


def test_the_real_messages_arrive_column_by_column_or_are_quarantined_with_a_reason(loaded: str) -> None:
    sales = rows(loaded, "SELECT * FROM core.sale ORDER BY sold_at, transaction_hash")
    decided = [{name: sale.pop(name) for name in _DECIDED_BY_THE_LOAD} for sale in sales]
    assert sales == [SNEAKERHEADS, NEW_SERVER, STAMP_PUNK]
    for each in decided:
        assert each["received_at"] in HOUR
        assert each["source_hour"] == HOUR.start
        assert each["first_collector"] == COLLECTOR
        assert (datetime.now(UTC) - each["loaded_at"]).total_seconds() < 300
    quarantined = rows(loaded, "SELECT reason, raw FROM ops.quarantine")
    assert Counter(each["reason"] for each in quarantined) == WRONG
    (counts,) = rows(loaded, "SELECT lines, inserted, replaced, duplicates, other, quarantined FROM ops.load_run")
    assert counts == {"lines": 12, "inserted": 3, "replaced": 0, "duplicates": 0, "other": 3, "quarantined": 6}
