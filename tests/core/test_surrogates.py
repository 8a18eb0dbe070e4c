"""A lone half of a surrogate pair becomes U+FFFD, and nothing else changes."""

import json

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from tidemark.core.surrogates import replace_lone_surrogates

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
