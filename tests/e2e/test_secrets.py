"""No secret is in anything that a run leaves behind: logs, files, metrics, process lists, messages of every failure."""

import asyncio
import os
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from psycopg2 import sql

from tests.loading import PLANTED as PLANTED_IN_AIRFLOW
from tests.loading import Loading
from tidemark.archive.names import ObjectKey, SegmentName
from tidemark.core.hour import Hour
from tidemark.local.environment import Source, bare, collecting, uploading
from tidemark.local.process import Process, tidemark
from tidemark.local.services.airflow_rest import ENDED
from tidemark.local.services.s3 import S3Server
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

PLANTED = "planted-7f3c9d21"
FAILURES = {
    "migrate": ["migrate"],
    "load": ["load", "2026-11-20T10"],
    "query": ["query", "top_sales"],
    "coverage": ["coverage"],
    "export": ["export", "exports"],
    "repair": ["repair", "2026-11-20T10"],
}


def planted(name: str) -> str:
    """A secret that cannot be mistaken for anything else."""
    return f"{PLANTED}-{name}"


def environment(folder: Path, s3: S3Server, *, key: str, metrics_port: int = 0) -> dict[str, str]:
    """Everything that is secret, planted; the archive and the warehouse are where no server listens or lets in."""
    source = Source("the simulator", keys={"collector-a": key})
    return {
        **bare(os.environ),
        **collecting("collector-a", folder / "spool", source, metrics_port=metrics_port),
        **uploading("collector-a", folder / "spool", clock=""),
        **s3.environment,
        "AWS_SECRET_ACCESS_KEY": planted("aws"),
        "TIDEMARK_WAREHOUSE_URL": f"postgresql://tidemark:{planted('warehouse')}@127.0.0.1:1/tidemark",
        "TIDEMARK_API_URL": "http://127.0.0.1:1/api/v2",
    }


def texts(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Everything that lies in a folder."""
    yield from ((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def command_lines() -> str:
    return "\n".join(" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))


@pytest.mark.parametrize(("known", "said"), [(True, b"joined"), (False, b"refused")])
async def test_a_collector_writes_its_key_nowhere_at_work_or_refused(
    known: bool, said: bytes, s3_server: S3Server, tmp_path: Path, unused_tcp_port: int
) -> None:
    key, log = planted("opensea"), tmp_path / "collect.log"
    told = environment(tmp_path, s3_server, key=key, metrics_port=unused_tcp_port)
    keys = {key if known else "another": "collector-a"}
    async with Simulator(Options(ledger=tmp_path / "ledger", keys=keys)) as simulator:
        told["TIDEMARK_STREAM_URL"] = simulator.stream_url
        with Process("collect", tidemark("collect"), told, log):
            await simulator.until(lambda: log.exists() and said in log.read_bytes(), 60)
            assert PLANTED not in command_lines()
            for page in ("metrics", "readyz", "healthz"):
                (tmp_path / page).write_bytes(await asyncio.to_thread(fetched, unused_tcp_port, page))
    assert b"tidemark_ready" in (tmp_path / "metrics").read_bytes()
    assert [path for path, text in texts(tmp_path) if PLANTED.encode() in text] == []


def fetched(port: int, page: str) -> bytes:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=60) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as refusal:
        return refusal.read()


@pytest.mark.parametrize("verb", FAILURES)
def test_no_failure_of_a_verb_shows_the_secret_that_it_failed_with(
    verb: str, s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    told = environment(tmp_path, s3_server, key=planted("opensea")) | {"TIDEMARK_BUCKET": bucket}
    log = tmp_path / "output.log"
    process = Process(verb, tidemark(*FAILURES[verb]), told, log).start()
    assert process.wait(240) == 1
    assert b"Next:" in log.read_bytes()
    assert PLANTED.encode() not in log.read_bytes()


@pytest.mark.airflow
@pytest.mark.timeout(900)
def test_an_airflow_that_loads_one_hour_and_fails_another_keeps_its_secrets(loading: Loading) -> None:
    good, bad = loading.archive("2026-10-20T05", "2026-10-20T06")
    spoilt = str(ObjectKey("", "collector-a", SegmentName(Hour.parse(bad), 1)))
    loading.s3.put_object(Bucket=loading.bucket, Key=spoilt, Body=b"spoilt")
    rest, home = loading.airflow.rest, loading.airflow.home
    rest.unpause("load_sales")
    runs = {rest.trigger("load_sales", partition_key=key): key for key in (good, bad)}
    lines, states = "", {}
    while len(states) < len(runs):
        lines += command_lines()
        found = {key: rest.run("load_sales", run)["state"] for run, key in runs.items()}
        states = {key: state for key, state in found.items() if state in ENDED}
    assert states == {good: "success", bad: "failed"}

    metadata = loading.airflow._environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    left = dict(texts(home)) | {Path(url): dump(url).encode() for url in (metadata, loading.warehouse_url)}
    left[Path("command lines")] = lines.encode()
    logs = [text for path, text in left.items() if "load_sales" in str(path)]
    assert [b"spoilt" in text or b"20261020T06" in text for text in logs].count(True) == 1, logs
    secret = {value for name, value in PLANTED_IN_AIRFLOW.items() if not name.endswith("_URL")}
    secret |= {loading.airflow.password, loading.warehouse_url.split(":")[2].partition("@")[0]}
    assert len(secret) == 4
    holding = {path for path, text in left.items() if any(value.encode() in text for value in secret)}
    assert holding == {home / "passwords.json"}
    assert stat.S_IMODE((home / "passwords.json").stat().st_mode) == 0o600


def dump(url: str) -> str:
    """Every row of every table of a database, as text."""
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)'")
        tables = [sql.Identifier(*names) for names in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(sql.SQL("SELECT one::text FROM {} AS one").format(table))
            rows += [text for (text,) in cursor.fetchall()]
    connection.close()
    return "\n".join(rows)
