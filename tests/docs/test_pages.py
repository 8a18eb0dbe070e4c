"""The pages: their links lead somewhere, and the readers that they recommend read the archive."""

import re
from pathlib import Path

import duckdb
import pytest
import zstandard

from archive.hour import Hour
from archive.names import ObjectKey, SegmentName
from archive.record import record_line, unparsed_line

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("*/**/*.md"))]
OURS = [
    page
    for page in PAGES
    if page.relative_to(ROOT).parts[0] in {"bench", "deploy", "docs", "sql"} or page.parent == ROOT
]


@pytest.mark.parametrize("page", OURS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_duckdb_reads_the_archive_as_the_page_says(tmp_path: Path) -> None:
    at = "2026-11-22T15:04:05.123456Z"
    message = b'{"event_type":"item_sold","payload":{}}'
    lines = record_line(at, "collection:*", message) * 2 + unparsed_line(at, b"hello")
    key = str(ObjectKey("", "collector-a", SegmentName(Hour.parse("2026-11-22T15"), 1)))
    (tmp_path / key).parent.mkdir(parents=True)
    (tmp_path / key).write_bytes(zstandard.compress(lines))
    page = (ROOT / "docs" / "archive.md").read_text()
    statement = page.partition("## DuckDB")[2].partition("```sql")[2].partition("```")[0]
    assert "s3://BUCKET/" in statement
    found = duckdb.sql(statement.replace("s3://BUCKET/", f"{tmp_path}/")).fetchall()
    assert found == [("item_sold", 2), (None, 1)]
