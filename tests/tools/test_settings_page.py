"""docs/settings.md says what the programs read, all of it."""

import re
from pathlib import Path

from tools.settings_page import PAGE, page

ROOT = Path(__file__).parents[2]
SOURCES = ("collector", "dags", "tidemark")


def test_the_page_is_what_make_docs_writes() -> None:
    assert PAGE.read_text() == page()


def test_every_setting_that_the_programs_name_is_on_the_page() -> None:
    sources = "".join(path.read_text() for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))
    named = set(re.findall(r"\b(?:TIDEMARK_[A-Z_]*[A-Z]|OPENSEA_API_KEY)\b", sources))
    written = set(re.findall(r"`(TIDEMARK_[A-Z_]+|OPENSEA_API_KEY)`", PAGE.read_text()))
    assert len(written) > 30
    assert named <= written


def test_the_secrets_are_marked_and_no_other() -> None:
    secret = re.findall(r"^\| `([A-Z_]+)` \|.*\*\*Secret\.\*\*", PAGE.read_text(), re.MULTILINE)
    assert set(secret) == {"OPENSEA_API_KEY", "TIDEMARK_WAREHOUSE_URL", "TIDEMARK_WEBHOOK_URL"}
