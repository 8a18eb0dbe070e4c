import json
from datetime import UTC, datetime

import pytest

from tests.sql.market import fill
from tests.support.command import run as run_command
from tidemark.core.hour import Hour


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_url: str):
    """Run `tidemark coverage` with some words; return its exit status, output and errors."""
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", warehouse_url)
    fill(warehouse_url)

    def tidemark(*words: str) -> tuple[int, str, str]:
        return run_command(capsys, "coverage", *words)

    return tidemark


def test_a_range_is_shown_as_a_strip_and_what_is_not_whole(run) -> None:
    status, out, _ = run("--from", "2026-11-20T08", "--to", "2026-11-20T13")
    assert status == 0
    assert "2026-11-20           ··█░ ░·" in out
    assert "2026-11-20T08 to T09  · not loaded" in out
    assert "a lower bound: it does not count what OpenSea sent to no collector" in out
    assert "twice %" not in out


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        (["--from", "2026-11-20", "--to", "2026-11-20"], "2026-11-20T00", "2026-11-20T23"),
        (["--from", "2026-11-20 08", "--to", "2026-11-20T13"], "2026-11-20T08", "2026-11-20T13"),
        (["--from", "2026-11-20T08:00", "--to", "2026-11-20T13:00"], "2026-11-20T08", "2026-11-20T12"),
    ],
)
def test_a_range_is_written_as_in_questions(run, words: list[str], first: str, last: str) -> None:
    status, out, _ = run(*words, "--json")
    hours = json.loads(out)
    assert (status, hours[0]["hour"], hours[-1]["hour"]) == (0, first, last)


@pytest.mark.parametrize("text", ["7days", "2026-11-20T99", "tomorrow", "2026-11-20T08:30", "1999-01-01", ""])
def test_a_time_that_is_none_is_a_usage_error(run, text: str) -> None:
    status, _, err = run("--from", text)
    assert status == 2
    assert "yesterday" in err


def test_days_ago_are_understood(run) -> None:
    status, out, _ = run("--from", "7d", "--to", "yesterday", "--json")
    assert (status, len(json.loads(out))) == (0, 7 * 24)


def test_a_range_without_an_end_goes_on_to_the_last_hour_that_is_over(run) -> None:
    before = datetime.now(UTC)
    _, out, _ = run("--from", "24h", "--json")
    hours = json.loads(out)
    assert hours[-1]["hour"] in {Hour.of(now).previous().key for now in (before, datetime.now(UTC))}
    assert len(hours) in (23, 24)
    assert run("--from", "today")[0] == 0


def test_hours_ahead_are_not_said_to_be_missing(run) -> None:
    _, out, _ = run("--from", "yesterday", "--to", "2199-01-01", "--json")
    assert json.loads(out)[-1]["hour"] <= Hour.of(datetime.now(UTC)).previous().key


def test_every_hour_is_a_row_of_the_long_table(run) -> None:
    _, out, _ = run("--from", "2026-11-20T10", "--to", "2026-11-20T11", "--long")
    assert [line.split()[:3] for line in out.splitlines()[-2:]] == [
        ["2026-11-20T10", "█", "100"], ["2026-11-20T11", "░", "0"],
    ]  # fmt: skip


def test_one_hour_is_shown_in_full(run) -> None:
    status, out, _ = run("2026-11-20T10")
    assert status == 0
    assert "2026-11-20T10 UTC  █ covered" in out
    assert "covered twice %" in out
    assert run("2026-11-20T10", "--to", "2026-11-20T11")[0] == 2


def test_without_a_range_all_that_was_loaded_lately_is_shown(run) -> None:
    status, out, _ = run("--json")
    hours = json.loads(out)
    assert status == 0
    assert (hours[0]["hour"], hours[-1]["hour"], len(hours)) == ("2026-11-20T10", "2026-11-21T14", 29)
    assert {hour["state"] for hour in hours} == {"covered", "gap", "not loaded"}


def test_a_range_that_runs_backwards_is_a_clear_message(run) -> None:
    status, _, err = run("--from", "2026-11-21T08", "--to", "2026-11-20T13")
    assert status == 2
    assert "2026-11-21T08 is not before --to 2026-11-20T13" in err


def test_a_range_longer_than_a_year_is_a_clear_message(run) -> None:
    status, _, err = run("--from", "2024-11-21T08", "--to", "2026-11-20T13")
    assert status == 2
    assert err.startswith("tidemark: 2024-11-21T08 to 2026-11-20T13 is not a range of at most a year")
