"""Text from outside cannot move the cursor, and no half of a surrogate pair reaches a parser."""

import json
import unicodedata

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidemark.core.text import decode_with_lone_surrogates, escape_json, printable, replace_lone_surrogates


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


texts = st.text(st.characters() | st.sampled_from('\ud83d\ude80\\"u'), max_size=30)


@given(texts)
@example("Moon \ud83d")
@example("\ud83d\ude80 \\ud83d \ude80\ud83d")
@example("\ud83d\ud83d\ude80")
def test_only_lone_halves_are_replaced(text: str) -> None:
    data = json.dumps(text).encode()
    replaced = replace_lone_surrogates(data)
    assert len(replaced) == len(data)
    # the oracle is Python's own UTF-16 decoder
    assert msgspec.json.decode(replaced) == text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def test_an_escape_may_be_in_capitals() -> None:
    assert replace_lone_surrogates(rb'"\uD83D\uDE80 \uD83D"') == rb'"\uD83D\uDE80 \ufffd"'


@given(st.binary())
def test_bytes_that_are_no_json_do_no_harm(data: bytes) -> None:
    assert len(replace_lone_surrogates(data)) == len(data)


def test_what_is_damaged_otherwise_is_still_refused() -> None:
    assert decode_with_lone_surrogates(msgspec.json.decode, rb'["\ud83d", "\ud83d\ude80"]') == ["\ufffd", "\U0001f680"]
    with pytest.raises(msgspec.DecodeError):
        decode_with_lone_surrogates(msgspec.json.decode, rb'["\ud83d"')


@given(st.text())
def test_escaped_json_is_the_same_json_and_shows_nothing_that_acts(text: str) -> None:
    escaped = escape_json(msgspec.json.encode(text))
    assert msgspec.json.decode(escaped) == text
    assert printable(escaped.decode()) == escaped.decode()
