"""The pages: their links lead somewhere."""

import re
from pathlib import Path

import pytest

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


GENERATED = {"commands.md", "errors.md", "settings.md", "warehouse.md"}
WIDEST = 120


@pytest.mark.parametrize("page", OURS, ids=lambda page: str(page.relative_to(ROOT)))
def test_prose_ends_at_120_columns(page: Path) -> None:
    if page.name in GENERATED:
        return
    prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in prose.splitlines() if not line.lstrip().startswith("|") and not line.startswith("    ")]
    # inline code and links cannot be broken
    wide = [
        line for line in lines if len(line) > WIDEST and len(re.sub(r"`[^`]+`|\]\([^)]+\)", "", line)) > WIDEST // 2
    ]
    assert wide == []
