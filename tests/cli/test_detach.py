"""`tidemark detach` says what leaves, or why nothing does."""

import pytest

from tests.loader.contents import query
from tests.sql.market import fill, sale
from tests.support.command import run

pytestmark = pytest.mark.postgres
LOADED = """
INSERT INTO ops.load_run (
    source_hour, fingerprint, collectors, started_at, finished_at, software, files, lines, inserted, replaced,
    duplicates, other, quarantined, superseded
)
VALUES ('2027-01-05T00:00Z', 'f', '{a}', now(), now(), 'test', 0, 0, 0, 0, 0, 0, 0, 0)
"""
GAP = """
INSERT INTO ops.gap (source_hour, collector, topic, from_at, to_at, reason)
VALUES ('2026-12-31T23:00Z', 'a', 'collection:*', '2026-12-31T23:10Z', '2026-12-31T23:20Z', 'not_running')
"""


def test_it_says_what_leaves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], warehouse_url: str
) -> None:
    fill(warehouse_url, [sale("20T10:00", "cats/1", "0xa", "0xb", "1")])
    query(warehouse_url, LOADED)
    query(warehouse_url, GAP)
    monkeypatch.setenv("TIDEMARK_WAREHOUSE_URL", warehouse_url)

    status, out, _ = run(capsys, "detach", "2026-11", "--dry-run")
    assert status == 0
    assert out == (
        "2026-11: 1 sales (0.0 MiB of rows) would leave\nhours before 2027-01-01 could no longer be loaded\n"
        "600 s of open gaps in them could no longer be repaired\n"
    )
    status, out, _ = run(capsys, "detach", "2026-11")
    assert status == 0
    assert "2026-11: 1 sales (0.0 MiB of rows) detached into detached.sale_row_2026_11\n" in out
    status, _, err = run(capsys, "detach", "2026-11")
    assert status == 1
    assert "2026-11 was detached at" in err


def test_what_is_no_month_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "detach", "2026-13")
    assert status == 2
    assert "2026-13 is not a month such as 2025-01" in err
