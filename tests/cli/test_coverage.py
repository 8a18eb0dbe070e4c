import json

import pytest

from tests.sql.market import fill
from tests.support.command import run as run_command


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
    assert status == 1
    assert err.startswith("tidemark: --from 2026-11-21T08 is not before --to 2026-11-20T13")


def test_a_range_longer_than_a_year_is_a_clear_message(run) -> None:
    status, _, err = run("--from", "2024-11-21T08", "--to", "2026-11-20T13")
    assert status == 1
    assert err.startswith("tidemark: 2024-11-21T08 to 2026-11-20T13 is not a range of at most a year")


def test_a_bad_hour_is_a_mistake_of_usage(run) -> None:
    status, _, err = run("--from", "yesterday")
    assert status == 2
    assert "'yesterday' is not an hour" in err
