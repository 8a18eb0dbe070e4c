from pathlib import Path

import pytest

from tests.docs.test_start import blank, blocks
from tests.sql.market import fill
from tests.support.command import run as run_command

pytestmark = pytest.mark.postgres


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_url: str):
    """Run `tidemark report` with some words; return its exit status, output and errors."""
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", warehouse_url)
    fill(warehouse_url)

    def tidemark(*words: str) -> tuple[int, str, str]:
        return run_command(capsys, "report", *words)

    return tidemark


def test_the_page_is_one_file_and_says_what_it_holds(run, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    status, out, _ = run("-o", str(file), "--from", "2026-11-20T10", "--to", "2026-11-21T14", "--collection", "cats")
    assert (status, out) == (0, f"{file} written: 2026-11-20 to 2026-11-21, 8 hours in detail\n")
    (shown,) = blocks("analyst.md")
    assert blank(shown.replace("week.html", str(file))) == blank(out)
    html = file.read_text()
    assert "The market: cats" in html
    assert "dogs" not in html
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_dash_prints_it_and_nothing_else(run) -> None:
    status, out, err = run("-o", "-")
    assert (status, err) == (0, "")
    assert out.startswith("<!doctype html>")
    assert out.endswith("</html>")


def test_an_unknown_collection_and_a_time_without_a_loaded_hour_are_told(run, tmp_path: Path) -> None:
    words = ("-o", str(tmp_path / "report.html"), "--to", "2026-11-21")
    status, _, err = run(*words, "--collection", "cat")
    said = "no sale in the warehouse is of the collection cat"
    assert (status, err) == (0, f"{said}. Did you mean cats?\n")
    assert f"<strong>{said}</strong>" in (tmp_path / "report.html").read_text()
    assert run(*words, "--collection", "cats")[2] == ""
    status, _, err = run("-o", str(tmp_path / "report.html"), "--from", "2026-11-10", "--to", "2026-11-11")
    assert (status, err) == (0, "No hour of this time is loaded. tidemark coverage shows which are.\n")


def test_a_folder_that_is_not_there_and_a_range_that_runs_backwards_say_what_to_do(run, tmp_path: Path) -> None:
    status, _, err = run("-o", str(tmp_path / "nowhere" / "report.html"))
    assert (status, "could not be written: No such file" in err) == (1, True)
    status, _, err = run("-o", "-", "--from", "2026-11-21T10", "--to", "2026-11-20T10")
    assert (status, "2026-11-21T10 is not before --to 2026-11-20T10" in err) == (2, True)
    status, _, err = run("-o", "-", "--from", "2024-11-21", "--to", "2026-11-20")
    assert (status, "is not a range of at most a year" in err) == (2, True)
