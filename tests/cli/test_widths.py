"""What the verbs print on terminals of 80, 100 and 120 columns: nothing is wider, and nothing is cut that is needed."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.cells import cell_len
from sqlalchemy import text

from tests.collector.upload.spooled import COLLECTOR, FIRST, Spooled
from tests.loader.recording import HOUR, TOPIC, Recording, sold
from tests.support.command import run as run_command
from tidemark.archive.manifest import Gap, Interval
from tidemark.cli.main import VERBS
from tidemark.local.services.s3 import S3Server
from tidemark.storage.postgres import connected

WIDTHS = (80, 100, 120)
_ESCAPES = re.compile(r"\x1b\]8;.*?\x1b\\|\x1b\[[0-9;?]*[A-Za-z]")
_PADDED = re.compile(r"^ *\S ?$")
Show = Callable[..., list[str]]


@pytest.fixture
def show(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse: str, s3_server: S3Server,
    s3_endpoint: str, bucket: str, tmp_path: Path,
) -> Show:  # fmt: skip
    """Run `tidemark` on a terminal of a width with an archive, a spool and a warehouse; return the lines it printed."""
    spooled = Spooled(tmp_path / "spool")
    for hour in (FIRST, FIRST.next()):
        spooled.hour(hour, segments=2)
    half = HOUR.start + timedelta(minutes=30)
    for collector in ("collector-a", "collector-b"):
        topics = [f"collection:{name}" for name in ("pudgypenguins", "lighthouse-keepers")]
        covered = [Interval(topic, HOUR.start, half) for topic in (TOPIC, *topics)]
        gaps = [Gap(topic, half, HOUR.end, "heartbeat_unanswered") for topic in (TOPIC, *topics)]
        recording = Recording(collector, covered=covered, gaps=gaps)
        for number in range(20):
            recording.receive(sold(number), number)
        recording.put(s3_server.client(), bucket)
    settings = {"WAREHOUSE_URL": warehouse, "BUCKET": bucket, "COLLECTOR": COLLECTOR, "SPOOL": "spool"}
    for name, value in settings.items():
        monkeypatch.setenv(f"TIDEMARK_{name}", value)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.delenv("OPENSEA_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)

    def shown(width: int, *words: str) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        now = FIRST.next().end if words == ("upload",) else HOUR.end + timedelta(days=1)
        monkeypatch.setenv("TIDEMARK_CLOCK", f"{now.isoformat()}@{time.time()}*1")
        _, out, err = run_command(capsys, *words)
        return _ESCAPES.sub("", out + err).splitlines()

    return shown


def check(lines: list[str], width: int, words: tuple[str, ...]) -> None:
    assert any(lines), words
    assert [line for line in lines if cell_len(line) > width] == [], words
    columns = [bool(_PADDED.match(line)) for line in lines]
    assert not any(all(columns[place : place + 3]) for place in range(len(columns) - 2)), words  # letter below letter


@pytest.mark.parametrize("width", WIDTHS)
def test_every_verb_fits_a_terminal(show: Show, width: int) -> None:
    key, day = HOUR.key, HOUR.key[:10]
    needed = {
        ("load", key, "--force"): ["lines", "40", "20 known already", "collector-b 3 topics 15:30:00 to 16:00:00"],
        ("load", key): ["is loaded and unchanged", "1,800.0  seconds of 3,600"],
        ("coverage", key): ["partly covered", "heartbeat_unanswered", "30 min that no collector covered"],
        ("coverage", day, "--long"): ["1 partly covered, 23 not loaded", f"{key}  ▒", "once %"],
        ("repair", key): ["open windows: ", "OPENSEA_API_KEY is not set"],
        ("audit", key, "--dry-run"): ["hours to audit: 1", "windows: "],
        ("verify",): ["amounts ok", " checks in "],
        ("query",): ["daily_volume", "How much was sold each day?"],
        ("query", "daily_volume", "--plot"): [day, "volume_eth", "Rows: 1", "█"],
        ("query", "top_sales"): ["Rows: 20", "seller", "--wide shows all"],
        ("query", "daily_volume", "--collection", "colection-1"): ["Did you mean collection-1"],
        ("query", "daily_volume", "--from", "2099-01-01"): ["is after the last loaded hour", "Next: "],
        ("upload",): ["committed: 2 segments", "upload complete: 4 segments and 2 hours archived"],
        ("status",): ["NOT RUNNING", "backlog", "free"],
        ("migrate",): ["up to date"],
        ("export", "lake", "--table", "sales"): ["sales: "],
    }
    for words, parts in needed.items():
        lines = show(width, *words)
        check(lines, width, words)
        said = " ".join(" ".join(lines).split())
        assert [part for part in parts if " ".join(part.split()) not in said] == [], (words, said)


def test_what_an_answer_lacks_fits_a_terminal(show: Show, warehouse: str) -> None:
    show(80, "load", HOUR.key)
    with connected(SecretStr(warehouse)) as connection:
        connection.execute(text("INSERT INTO mart.stale_day (day) VALUES (:day)"), {"day": HOUR.start.date()})
        connection.commit()
        words = ("query", "lowest_sales", "--collection", "collection-1", "--from", HOUR.key, "--to", HOUR.key)
        check(lines := show(80, *words), 80, words)
        assert "their suspects are not known and not left out." in " ".join(" ".join(lines).split())
        connection.execute(text("DELETE FROM mart.stale_day"))
        connection.commit()


def test_every_help_and_mistake_fits_80_columns(show: Show) -> None:
    for words in (["--help"], *([verb, "--help"] for verb in VERBS), ["query", "spread", "--help"],
                  ["lod"], ["load", "2026-11-22T25"], ["query", "daily_volum"]):  # fmt: skip
        check(show(80, *words), 80, tuple(words))
