"""docs/commands.md says what every verb does."""

import pytest

from tidemark.cli.main import VERBS
from tools.commands_page import PAGE, page


@pytest.mark.locked
def test_the_page_is_what_make_docs_writes() -> None:
    assert PAGE.read_text() == page()


def test_every_verb_is_there_with_an_example() -> None:
    sections = PAGE.read_text().split("\n## tidemark ")[1:]
    assert [section.partition("\n")[0] for section in sections] == list(VERBS)
    assert all("Example" in section for section in sections)
