"""Text of messages and manifests, as hostile as it can be, in everything that a person reads or opens."""

import contextlib
import csv
import io
import json
import unicodedata
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.loader.recording import HOUR, Recording, sold
from tidemark.archive.manifest import Gap, Interval, print_manifest
from tidemark.archive.names import ManifestKey
from tidemark.archive.record import record_line
from tidemark.cli.main import main
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.local.services.s3 import S3Server

EVIL = "\x1b[2J\x1b]8;;https://evil.example\x07\r\nFAKE LINE\u202e\u2066\u2028\x00\x85 <script>alert(1)</script>"
FORMULA = '=HYPERLINK("https://evil.example","x")'
SALE = sold(
    1,
    collection={"slug": EVIL},
    item={
        "nft_id": f"ethereum/0x{1:040x}/1",
        "metadata": {"name": FORMULA + EVIL},
        "chain": {"name": "ethereum"},
    },
    payment_token={
        "address": "0x" + "0" * 40, "decimals": 18, "symbol": "@" + EVIL, "name": EVIL, "eth_price": "1.0",
        "usd_price": "3000.5",
    },
)  # fmt: skip
BREAKS = {"\n"}


@pytest.fixture
def market(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, warehouse_url: str, s3_server: S3Server, bucket: str
) -> None:
    """A warehouse and a spool whose every name is hostile."""
    client = s3_server.client()
    recording = Recording("collector-a").receive(SALE, 5)
    manifest = recording.put(client, bucket)
    middle = HOUR.start + timedelta(minutes=30)
    topic = manifest.covered[0].topic
    told = msgspec.structs.replace(
        manifest,
        covered=(Interval(topic, HOUR.start, middle),),
        gaps=(Gap(topic, middle, HOUR.end, EVIL.replace("\x00", "")),),
        software="tidemark " + EVIL.replace("\x00", ""),
    )
    client.put_object(Bucket=bucket, Key=str(ManifestKey("", "collector-a", HOUR)), Body=print_manifest(told))
    load_hour(HOUR, LoaderSettings(warehouse_url=warehouse_url, bucket=bucket, collectors=("collector-a",)), log=str)
    opened = tmp_path / "spool" / "open"
    opened.mkdir(parents=True)
    line = record_line(f"{HOUR.key}:04:05Z", "collection:" + EVIL, json.dumps(SALE).encode())
    (opened / "20261122T15.0001.jsonl").write_bytes(line)
    settings = {"WAREHOUSE_URL": warehouse_url, "BUCKET": bucket, "COLLECTOR": "collector-a", "SPOOL": "spool"}
    for name, value in settings.items():
        monkeypatch.setenv(f"TIDEMARK_{name}", value)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.chdir(tmp_path)


def printed(*words: str, status: int = 0) -> str:
    output = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="")
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), pytest.raises(SystemExit) as end:
        main(words)
    assert int(end.value.code or 0) == status, words
    output.flush()
    return output.buffer.getvalue().decode()  # type: ignore[attr-defined]


def acting(text: str) -> set[str]:
    """Return the characters that move a cursor, break a line or turn the direction of writing."""
    return {one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp", "Cs"}} - BREAKS


SHOWN = (
    ["tail", "--once"], ["top", "--once"], ["status"], ["coverage"], ["coverage", HOUR.key], ["query", "top_sales"],
    ["query", "top_sales", "--wide"], ["query", "collection_volume"], ["query", "hour_quality"],
)  # fmt: skip


def test_nothing_of_a_message_acts_on_a_terminal(market: None) -> None:
    for words in SHOWN:
        text = printed(*words, status=words == ["status"])  # no collector runs
        assert text, words
        assert acting(text) == set(), words
        assert not any(line.startswith("FAKE LINE") for line in text.splitlines()), words


def test_no_cell_of_a_table_is_a_formula(market: None) -> None:
    header, *rows = csv.reader(io.StringIO(printed("query", "top_sales", "--format", "csv"), newline=""))
    assert rows
    for cell in [*header, *rows[0]]:
        assert cell.lstrip()[:1] not in {"=", "+", "@"}, cell
        assert not {one for one in cell if unicodedata.category(one) == "Cc"}, cell


def test_data_for_programs_is_what_was_received_and_one_object(market: None) -> None:
    for form in ("json", "ndjson"):
        text = printed("query", "top_sales", "--format", form)
        assert acting(text) == set(), form
        assert json.loads(text)
    text = printed("tail", "--once", "--json")
    assert acting(text) == set()
    assert json.loads(text)


def test_the_report_shows_names_and_runs_none(market: None) -> None:
    printed("report", "-o", "report.html", "--from", HOUR.key, "--to", HOUR.key)
    html = Path("report.html").read_text()
    assert "<script" not in html
    assert acting(html) <= {"\t"}
