"""A statement of one's own: read-only, fitted to the terminal, and refused in a sentence."""

import os
import subprocess
from pathlib import Path

import pytest

from tidemark.local.environment import bare
from tidemark.local.process import tidemark

pytestmark = pytest.mark.postgres
GAPS = """
INSERT INTO ops.gap (source_hour, collector, topic, from_at, to_at, reason)
VALUES ('2026-11-20T10:00Z', 'collector-a', 'collection:*', '2026-11-20T10:05Z', '2026-11-20T10:06Z', 'disconnected')
"""


def run(folder: Path, url: str, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = bare(os.environ) | {"COLUMNS": "80", "TIDEMARK_WAREHOUSE_URL": url}
    return subprocess.run(
        tidemark("sql", *words), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_an_operator_asks_what_no_question_answers(tmp_path: Path, warehouse_url: str) -> None:
    from tests.loader.contents import query

    query(warehouse_url, GAPS)
    done = run(tmp_path, warehouse_url, "SELECT collector, reason, '1'::int AS one, ':x' AS text FROM ops.gap")
    assert done.returncode == 0, done.stderr
    for shown in ("collector-a", "disconnected", ":x", "Rows: 1"):
        assert shown in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    done = run(tmp_path, warehouse_url, "SELECT reason FROM ops.gap", "--output", "gaps.csv")
    assert (done.returncode, (tmp_path / "gaps.csv").read_text()) == (0, "reason\ndisconnected\n")
    done = run(tmp_path, warehouse_url, "SELECT reason FROM ops.gap WHERE false")
    assert (done.returncode, "No rows" in done.stdout) == (0, True)
    done = run(tmp_path, warehouse_url, "SELECT count(*) FROM mart.stale_day")
    assert (done.returncode, "Rows: 1" in done.stdout) == (0, True)


def test_a_second_statement_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    done = run(tmp_path, "postgresql://nobody@127.0.0.1:1/none", "SELECT 1; COMMIT; DELETE FROM ops.gap")
    assert (done.returncode, "holds a semicolon" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM ops.gap RETURNING 1", "read only sql transaction (SQLSTATE 25006)"),
        ("SELECT FROM WHERE", 'syntax error at or near "WHERE"'),
        ("SELECT 1 FROM ops.nothing", 'relation "ops.nothing" does not exist'),
        ("SET TRANSACTION READ WRITE", "SQLSTATE 25001"),
    ],
)
def test_what_is_no_question_is_refused_in_a_sentence(
    tmp_path: Path, warehouse_url: str, statement: str, said: str
) -> None:
    done = run(tmp_path, warehouse_url, statement)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Next: " in done.stderr
