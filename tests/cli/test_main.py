import contextlib
import io
import json
import os
import sys
from importlib import import_module
from importlib.metadata import version
from inspect import getdoc
from pathlib import Path
from typing import TextIO

import pytest
from typer.testing import CliRunner

from tests.loader.recording import TOPIC, sold
from tidemark.archive.record import record_line
from tidemark.cli.failures import BROKEN
from tidemark.cli.main import GROUPS, VERBS, app, main
from tidemark.local.services.s3 import S3Server


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_each_verb_shows_an_example(verb: str) -> None:
    result = CliRunner(env={"COLUMNS": "120", "TERM": "dumb"}).invoke(app, [verb, "--help"])
    assert result.exit_code == 0
    _, _, examples = result.output.partition("Example")
    assert f"tidemark {verb}" in examples, result.output
    lines = getdoc(getattr(import_module(f"tidemark.cli.{verb}"), verb)).partition("\b")[2].splitlines()  # type: ignore[union-attr]
    assert [line for line in lines if len(line) > 79] == []  # an example can be copied at 80 columns


def test_every_verb_is_listed_with_what_it_does() -> None:
    listed = CliRunner(env={"COLUMNS": "120", "TERM": "dumb"}).invoke(app, ["--help"]).output
    assert all(f" {verb} " in listed for verb in VERBS)


def test_a_verb_file_that_is_not_listed_would_be_forgotten() -> None:
    files = [
        file
        for file in (Path(__file__).parents[2] / "tidemark/cli").glob("*.py")
        if f"\ndef {file.stem}(" in file.read_text()
    ]
    assert {file.stem for file in files} == {*VERBS, "main"}


def test_the_help_groups_the_verbs_by_what_a_person_does() -> None:
    listed = CliRunner(env={"COLUMNS": "80", "TERM": "dumb"}).invoke(app, ["--help"]).output
    words = [word for group, verbs in GROUPS.items() for word in (group, *(f"│ {verb} " for verb in verbs))]
    places = [listed.index(word) for word in words]
    assert places == sorted(places)


def test_the_version_is_that_of_the_installed_distribution() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"tidemark {version('tidemark-nft')}\n")


HOUR = "2026-11-22T15"
# What prints something of its own where little is to show; of the others only the help is printed.
PRINTING = (
    ["check", "--offline", "collector"], ["tail", "--once"], ["upload"], ["status"], ["status", "--json"],
    ["top", "--once"], ["migrate"], ["migrate", "--check"], ["migrate", "--sql"], ["repair", HOUR], ["audit", HOUR],
    ["fees"], ["query"], ["query", "chains"], ["query", "chains", "--format", "csv"], ["sql", "SELECT 1"],
    ["verify"], ["coverage"], ["coverage", HOUR], ["report", "-o", "-"], ["report", "-o", "report.html"],
    ["export", "lake"], ["down"],
)  # fmt: skip
HELP_ALONE = {"collect", "notify", "load", "detach", "demo", "up", "simulate"}


@pytest.fixture
def settled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, warehouse: str, s3_server: S3Server, s3_endpoint: str
) -> Path:
    """Settings with which every verb works, and an empty folder."""
    s3_server.client().create_bucket(Bucket="printing")
    (tmp_path / "spool" / "open").mkdir(parents=True)
    line = record_line(f"{HOUR}:04:05Z", TOPIC, json.dumps(sold(1)).encode())
    (tmp_path / "spool" / "open" / "20261122T15.0001.jsonl").write_bytes(line)
    settings = {"WAREHOUSE_URL": warehouse, "BUCKET": "printing", "COLLECTOR": "collector-a", "SPOOL": "spool"}
    for name, value in settings.items():
        monkeypatch.setenv(f"TIDEMARK_{name}", value)
    monkeypatch.setenv("OPENSEA_API_KEY", "a-key")
    monkeypatch.setenv("TIDEMARK_API_URL", "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ended(words: list[str], output: Path | TextIO) -> tuple[int, str]:
    """Run the command with an output; return its exit status and what it wrote to standard error."""
    errors = io.StringIO()
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(output.open("w")) if isinstance(output, Path) else output
        stack.enter_context(contextlib.redirect_stdout(file))
        stack.enter_context(contextlib.redirect_stderr(errors))
        end = stack.enter_context(pytest.raises(SystemExit))
        main(words)
    return int(end.value.code or 0), errors.getvalue()


def test_a_full_output_is_a_failure_of_every_verb(settled: Path) -> None:
    assert {words[0] for words in PRINTING} == set(VERBS) - HELP_ALONE
    for words in (*PRINTING, *([verb, "--help"] for verb in sorted(HELP_ALONE))):
        status, said = ended(words, Path("/dev/full"))
        assert status == 1, (words, said)
        assert "no space is left on the disk" in said.partition("\n")[0], (words, said)
        assert len(said.splitlines()) <= 2, (words, said)
        assert "lake could not" not in said


def test_what_a_full_output_did_not_take_is_written_into_no_other_file_later(settled: Path) -> None:
    with Path("/dev/full").open("w") as full, (settled / "other").open("w") as other:
        with contextlib.redirect_stdout(full), contextlib.redirect_stderr(io.StringIO()):
            with pytest.raises(SystemExit):
                main(["query"])
            printed = sys.stdout
        os.dup2(other.fileno(), full.fileno())  # a closed file's number goes to the next that is opened
        printed.flush()
    assert (settled / "other").read_text() == ""


def test_a_reader_that_has_seen_enough_changes_no_status(settled: Path) -> None:
    for words in (*PRINTING, *([verb, "--help"] for verb in sorted(HELP_ALONE))):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as unread:
            ends = ended(words, unread)
        assert (words, ends[0]) == (words, ended(words, settled / "output")[0])
        assert not any(word in ends[1] for word in ("cut", "pipe", "could not be written")), (words, ends[1])


def test_an_output_that_is_not_utf_8_fails_no_verb(settled: Path) -> None:
    for words in PRINTING:
        with (settled / "output").open("w", encoding="ascii") as output:
            status, said = ended(words, output)
        assert status != BROKEN, (words, said)
        assert (settled / "output").read_bytes(), words
