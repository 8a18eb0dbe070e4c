"""docs/operator.md explains every reason."""

import pytest

from tidemark.archive.reasons import Reason
from tools.reasons_page import PAGE, with_table


def test_the_page_is_what_make_docs_writes() -> None:
    assert PAGE.read_text() == with_table(PAGE.read_text())


def test_every_reason_has_a_row_and_the_text_around_the_table_stays() -> None:
    page = with_table("before\n\n| reason | what happened |\n|---|---|\n| `old` | gone |\n\nafter\n")
    assert page.startswith("before\n\n|")
    assert page.endswith(" |\n\nafter\n")
    assert "`old`" not in page
    assert all(f"| `{reason}` | {reason.sentence} |\n" in page for reason in Reason)


def test_a_page_without_the_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="no table"):
        with_table("# Another page\n")
