import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr
from rich.cells import cell_len

from tests.support.command import run as run_command
from tidemark.cli.query import form_of
from tidemark.query.postgres import ask
from tidemark.query.question import questions
from tidemark.query.table import console, table_of

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], market_url: str) -> Run:
    """Run `tidemark query` with some words; return its exit status, output and errors."""
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", market_url)

    def tidemark(*words: str) -> tuple[int, str, str]:
        return run_command(capsys, "query", *words)

    return tidemark


def test_without_a_name_every_question_is_listed(run: Run) -> None:
    status, out, _ = run()
    assert status == 0
    assert "daily_volume" in out
    assert "Which collections sold the most?" in out
    assert "WALLET from to limit" in out


def test_help_shows_the_verb_and_the_questions(run: Run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    assert "Examples:" in out
    assert "whales" in out


def test_a_question_explains_itself(run: Run) -> None:
    status, out, _ = run("floor-price", "--help")
    assert status == 0
    assert "--collection" in out
    assert "[required]" in out
    assert "newest-7d" in out
    assert "tidemark query floor_price --collection pudgypenguins" in out


def test_an_answer_is_a_table_with_its_grain_and_what_it_leaves_out(run: Run) -> None:
    status, out, _ = run("daily_volume", "--collection", "cats", "--from=2026-11-20", "--to", "2026-11-20")
    assert status == 0
    assert "2026-11-20" in out
    assert "4.5" in out
    assert "Rows: 1, one row per UTC day. From 2026-11-20 00:00:00 to 2026-11-21 00:00:00, UTC. Sales without" in out


def test_a_chart_follows_the_table(run: Run) -> None:
    status, out, _ = run("daily_volume", "--plot")
    assert status == 0
    assert "How much was sold each day?" in out
    assert "█" in out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--collection", "Cats"), "no sale in the warehouse is of the collection Cats. Did you mean cats?"),
        (("--chain", "etherium"), "no sale in the warehouse is of the chain etherium. Did you mean ethereum?"),
        (("--chain", "matic"),
         "no sale in the warehouse is of the chain polygon. There are base, ethereum, solana."),
        (("--collection", "cats", "--from", "2020-01-01", "--to", "2020-01-02"),
         "none of the 48 hours asked about is loaded. tidemark coverage shows which are."),
        (("--collection", "dogs", "--from", "2026-11-20T09", "--to", "2026-11-20T10"),
         "1 of the 2 hours asked about are loaded, and none holds such a sale."),
        (("--collection", "dogs", "--from", "2026-11-20T10", "--to", "2026-11-20T10"),
         "all 1 hours asked about are loaded, and none holds such a sale."),
    ],
)  # fmt: skip
def test_an_answer_without_rows_says_why(run: Run, words: tuple[str, ...], why: str) -> None:
    status, out, _ = run("daily_volume", *words)
    assert status == 0
    assert out.startswith(f"No rows: {why}")
    _, out, err = run("daily_volume", *words, "--format", "csv")
    assert out.startswith("day,sales")
    assert err.startswith(f"No rows: {why}")


def test_a_chain_is_understood_in_any_spelling(run: Run) -> None:
    assert run("daily_volume", "--chain", "Ethereum")[1] == run("daily_volume", "--chain", "ethereum")[1]


def test_csv_json_and_ndjson_go_to_the_output_alone(run: Run) -> None:
    _, csv, _ = run("chains", "--format", "csv")
    assert csv.splitlines()[1].startswith("ethereum,11,84.62,")
    _, text, _ = run("chains", "--format", "json")
    assert json.loads(text)[0]["chain"] == "ethereum"
    _, lines, _ = run("chains", "--format", "ndjson", "-o", "-")
    assert [json.loads(line)["chain"] for line in lines.splitlines()] == ["ethereum", "base", "solana"]


def test_a_dash_alone_is_csv_in_a_pipe_and_forms_have_other_spellings(run: Run, tmp_path: Path) -> None:
    assert run("chains", "-o", "-") == run("chains", "--format", "CSV")
    assert run("chains", "-o", "-", "--format", "table") == run("chains")
    assert run("chains", "--format", "JSONL") == run("chains", "--format", "ndjson")
    assert run("chains", "-o", str(tmp_path / "a.JsonL"))[0] == 0
    assert len((tmp_path / "a.JsonL").read_text().splitlines()) == 3


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_dash_alone_is_a_table_on_a_terminal() -> None:
    with redirect_stdout(Terminal()):
        assert form_of(Path("-"), None) == "table"


def test_files_are_written_by_their_suffix_and_in_one_piece(run: Run, tmp_path: Path) -> None:
    begins = {"csv": b"day,sales", "json": b"[", "ndjson": b"{", "png": b"\x89PNG", "svg": b"<?xml"}
    for suffix, begin in begins.items():
        status, out, _ = run("daily_volume", "--output", str(tmp_path / f"a.{suffix}"))
        assert (status, out.split(" rows written")[0]) == (0, "2")
        assert (tmp_path / f"a.{suffix}").read_bytes().startswith(begin)
    run("daily_volume", "-o", str(tmp_path / "a.bin"), "--format", "parquet")
    assert pq.read_table(tmp_path / "a.bin").column("sales").to_pylist() == [5, 8]
    assert sorted(file.suffix for file in tmp_path.iterdir()) == sorted([".bin", *(f".{each}" for each in begins)])


def test_a_file_that_cannot_be_written_leaves_what_was_there(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("yesterday's")
    (tmp_path / "a.csv.tmp").mkdir()
    status, _, err = run("chains", "-o", str(tmp_path / "a.csv"))
    assert status == 1
    assert "a.csv could not be written: Is a directory" in err
    assert (tmp_path / "a.csv").read_text() == "yesterday's"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("daily_volum",), "Did you mean daily_volume or hourly_volume?"),
        (("daily_volume", "--wallet", "0xa"), "No such option: --wallet"),
        (("daily_volume", "--chian", "base"), "--chain"),
        (("daily_volume", "--from", "soon"), "--from 'soon' is not a UTC day or hour, of which this answer is made"),
        (("floor_price",), "Missing option '--collection'"),
        (("daily_volume", "--from"), "--from"),
        (("daily_volume", "cats"), "unexpected extra argument"),
        (("--chain", "base", "chains"), "No such option: --chain"),
        (("chains", "--format", "xls"), "cannot write xls; --format or the file's name says which of csv, json"),
        (("chains", "--output", "chains"), "cannot write a file without a suffix"),
        (("chains", "--output", "a.table"), "cannot write table"),
        (("chains", "--format", "parquet"), "parquet is not for a terminal; add --output answer.parquet"),
        (("chains", "--format", "csv", "--plot"), "--plot does not go with csv"),
    ],
)  # fmt: skip
def test_a_mistake_of_usage_is_one_clear_message(run: Run, words: tuple[str, ...], message: str) -> None:
    status, _, err = run(*words)
    assert status == 2
    assert message in " ".join(err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("chains", "--output", "/nowhere/a.csv"), 1, "/nowhere/a.csv could not be written: No such file or directory"),
        (("top_sales", "--plot"), 2, "top_sales has no chart"),
        (("top_sales", "--output", "a.png"), 2, "top_sales has no chart"),
        (("chains", "--from", "2026-11-21", "--to", "2026-11-20"), 2, "--from 2026-11-21 is not before --to"),
        (("chains", "--from", "2027-11-21"), 1, "--from 2027-11-21 is after the last loaded hour, 2026-11-21T14\n"),
    ],
)
def test_what_cannot_be_done_is_one_clear_message(run: Run, words: tuple[str, ...], status: int, message: str) -> None:
    ended, _, err = run(*words)
    assert ended == status
    assert err.startswith(f"tidemark: {message}")


@pytest.mark.parametrize("width", [80, 100, 120])
def test_every_question_fits_a_terminal(width: int, market_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", market_url)
    for question in questions():
        given = {"collection": "cats", "wallet": "0xbob", "from": "2026-11-20", "contract": "0xcats", "token": "1"}
        taken = {each.name: given[each.name] for each in question.parameters if each.name in given}
        answer = ask(SecretStr(market_url), question, taken)
        paper = console(width)
        with paper.capture() as capture:
            paper.print(table_of(answer, width, wide=False).table)
        assert max(map(cell_len, capture.get().splitlines())) <= width, question.name
        assert "…" not in capture.get().replace("…0x", "")


def test_questions_their_options_and_names_are_completed(market_url: str) -> None:
    def completed(words: str, url: str = market_url) -> set[str]:
        environment = {**os.environ, "TIDEMARK_WAREHOUSE_URL": url, "_TIDEMARK_COMPLETE": "complete_bash",
                       "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}  # fmt: skip
        program = Path(sys.executable).with_name("tidemark")
        return set(
            subprocess.run([program], check=True, env=environment, capture_output=True, text=True).stdout.split()
        )

    assert {"floor_price", "flips"} <= completed("tidemark query f") <= {"first_sales", "floor_price", "flips"}
    assert {"--collection", "--chain"} == completed("tidemark query daily_volume --c")
    assert completed("tidemark query daily_volume --collection c") == {"cats"}
    assert {"ethereum", "base"} < completed("tidemark query daily_volume --chain ")
    assert completed("tidemark query daily_volume --collection C") == {"cats"}
    assert completed("tidemark query daily_volume --chain E") == {"ethereum"}
    assert completed("tidemark query daily-volume --chain mainn") == {"ethereum"}
    assert completed("tidemark query top-s") == {"top_sales"}
    assert completed("tidemark report --collection d") == {"dogs"}
    assert completed("tidemark export . --table sales") == {"sales"}
    assert completed("tidemark tail --type item_s") == {"item_sold"}
    assert completed("tidemark query daily_volume --collection c", "postgresql://x@127.0.0.1:1/w") == set()


def test_a_full_disk_under_the_output_is_a_sentence(market_url: str) -> None:
    environment = {**os.environ, "TIDEMARK_WAREHOUSE_URL": market_url}
    for words in (["query"], ["query", "chains"], ["query", "chains", "--format", "csv"]):
        with Path("/dev/full").open("w") as full:
            command = [Path(sys.executable).with_name("tidemark"), *words]
            ended = subprocess.run(
                command, check=False, env=environment, stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert ended.returncode == 1
        assert ended.stderr.startswith("tidemark: ")
        assert "no space is left on the disk" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_without_a_warehouse_the_questions_can_still_be_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDEMARK_WAREHOUSE_URL")
    monkeypatch.chdir("/")
    assert run()[0] == 0
    assert run("top_sales", "--help")[0] == 0
    status, _, err = run("top_sales")
    assert status == 2
    assert "TIDEMARK_WAREHOUSE_URL: Field required" in err
