"""Text from outside cannot move the cursor."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tidemark.core.text import printable


@given(st.text(st.characters()))
def test_nothing_is_left_that_acts_on_a_terminal(text: str) -> None:
    safe = printable(text)
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in safe)
    assert not any(unicodedata.bidirectional(one) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"} for one in safe)
    assert printable(safe) == safe
    safe.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"])))
def test_ordinary_text_stays_what_it_is(text: str) -> None:
    assert printable(text) == text


def test_an_escape_is_shown() -> None:
    assert printable("a\x1b[2Jb\nc\udcff") == r"a\x1b[2Jb\nc\udcff"
    assert printable("a\nb", lines=True) == "a\nb"
