import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import fresh_database
from tests.sql.market import fill
from tests.support.command import run as run_command
from tidemark.local.services.postgres import Postgres

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def market(postgres_server: Postgres, migrated: str) -> Iterator[str]:
    with fresh_database(postgres_server, migrated) as url:
        fill(url)
        yield url


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], market: str) -> Run:
    """Run `tidemark query` with some words; return its exit status, output and errors."""
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", market)

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
    assert "Example: tidemark query floor_price --collection pudgypenguins" in out


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


def test_an_answer_without_rows_says_where_to_look(run: Run) -> None:
    status, out, _ = run("daily_volume", "--collection", "Cats")
    assert status == 0
    assert "Nothing was found. `tidemark query collection_volume" in out


def test_csv_and_json_go_to_the_output_alone(run: Run) -> None:
    _, csv, _ = run("chains", "--format", "csv")
    assert csv.splitlines()[1].startswith("ethereum,11,84.62,")
    _, text, _ = run("chains", "--format", "json")
    assert json.loads(text)[0]["chain"] == "ethereum"


def test_files_are_written_by_their_suffix(run: Run, tmp_path: Path) -> None:
    for suffix, begins in (("csv", b"day,sales"), ("json", b"["), ("png", b"\x89PNG"), ("svg", b"<?xml")):
        status, out, _ = run("daily_volume", "--output", str(tmp_path / f"a.{suffix}"))
        assert (status, out.split(" rows written")[0]) == (0, "2")
        assert (tmp_path / f"a.{suffix}").read_bytes().startswith(begins)
    run("daily_volume", "-o", str(tmp_path / "a.bin"), "--format", "parquet")
    assert pq.read_table(tmp_path / "a.bin").column("sales").to_pylist() == [5, 8]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("daily_volum",), "there is no question 'daily_volum'\n  Next: Did you mean daily_volume? `tide"),
        (("daily_volume", "--wallet", "0xa"), "this question has no parameter --wallet\n  Next: It has --chain"),
        (("daily_volume", "--from", "soon"), "--from 'soon' is not a UTC day or hour, of which this answer is made"),
        (("floor_price",), "--collection is missing: the collection\n  Next: Add it, such as --collection TEXT"),
        (("daily_volume", "--from"), "'--from' is not a parameter with its value\n  Next: Write each one as --name"),
        (("daily_volume", "cats"), "'cats' is not a parameter with its value"),
        (("daily_volume", "--chain", "a", "--chain=b"), "--chain is given twice"),
        (("--chain", "base", "chains"), "--chain stands where the question belongs"),
        (("chains", "--format", "xls"), "cannot write an answer as 'xls'"),
        (("chains", "--output", "chains"), "cannot write an answer as 'a file without a suffix'"),
        (("chains", "--format", "parquet"), "parquet does not belong on a terminal\n  Next: Add --output answer"),
        (("chains", "--output", "/nowhere/a.csv"), "/nowhere/a.csv could not be written: No such file or directory"),
        (("chains", "--format", "csv", "--plot"), "a chart would stand between the lines of csv"),
        (("top_sales", "--plot"), "top_sales has no chart"),
        (("top_sales", "--output", "a.png"), "top_sales has no chart"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_message(run: Run, words: tuple[str, ...], message: str) -> None:
    status, _, err = run(*words)
    assert status == 1
    assert err.startswith(f"tidemark: {message}")


def test_without_a_warehouse_the_questions_can_still_be_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDEMARK_WAREHOUSE_URL")
    monkeypatch.chdir("/")
    assert run()[0] == 0
    assert run("top_sales", "--help")[0] == 0
    status, _, err = run("top_sales")
    assert status == 2
    assert "TIDEMARK_WAREHOUSE_URL: Field required" in err
